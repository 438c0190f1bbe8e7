"""The HTTP application's second version: notes in SQLite, files by sendfile, compressed answers, a pool of threads."""

import concurrent.futures
import gzip
import http.server
import json
import logging
import logging.handlers
import os
import signal
import sqlite3
import sys
import urllib.parse

FOLDER = sys.argv[1]
DATA = os.path.join(FOLDER, "data")


def configuration():
    with open(os.path.join(FOLDER, "app.json")) as file:
        return json.load(file)


def database():
    base = sqlite3.connect(os.path.join(DATA, "notes.sqlite"), timeout=10)
    base.execute("create table if not exists notes (body blob)")
    return base


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body):
        packed = gzip.compress(body, 1) if len(body) > 200 else body
        self.send_response(code)
        if packed is not body:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        self.wfile.write(packed)

    def send_file(self, path):
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return self.answer(404, b"no such file\n")
        try:
            size = os.fstat(file).st_size
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.flush()
            sent = 0
            while sent < size:
                sent += os.sendfile(self.connection.fileno(), file, sent, size - sent)
        finally:
            os.close(file)

    def do_GET(self):
        place = urllib.parse.urlsplit(self.path)
        if place.path.startswith("/files/"):
            return self.send_file(os.path.join(DATA, os.path.basename(place.path)))
        if place.path == "/sum":
            n = int(urllib.parse.parse_qs(place.query).get("n", ["1"])[0])
            return self.answer(200, json.dumps({"sum": sum(range(n))}).encode())
        if place.path == "/notes":
            with database() as base:
                count = base.execute("select count(*) from notes").fetchone()[0]
            return self.answer(200, b"%d\n" % count)
        return self.answer(200, SETTINGS["greeting"].encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with database() as base:
            base.execute("insert into notes values (?)", (body,))
        self.answer(201, b"noted\n")

    def log_message(self, form, *arguments):
        LOG.info(form, *arguments)


class Server(http.server.HTTPServer):
    request_queue_size = 128
    pool = concurrent.futures.ThreadPoolExecutor(8)

    def process_request(self, request, address):
        self.pool.submit(self.serve, request, address)

    def serve(self, request, address):
        try:
            self.finish_request(request, address)
        except OSError:
            LOG.info("the client at %s is gone", address)
        finally:
            self.shutdown_request(request)


def reload(*_):
    global SETTINGS
    SETTINGS = configuration()


SETTINGS = configuration()
LOG = logging.getLogger("app")
LOG.addHandler(logging.handlers.WatchedFileHandler(os.path.join(DATA, "app.log")))
LOG.setLevel(logging.INFO)
signal.signal(signal.SIGHUP, reload)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
Server(("127.0.0.1", SETTINGS["port"]), Handler).serve_forever()
