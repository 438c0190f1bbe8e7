"""A small HTTP application, a thread for each request: files, sums and notes. Its first version."""

import http.server
import json
import logging
import os
import signal
import socketserver
import sys
import threading
import urllib.parse

FOLDER = sys.argv[1]
DATA = os.path.join(FOLDER, "data")
LOCK = threading.Lock()


def configuration():
    with open(os.path.join(FOLDER, "app.json")) as file:
        return json.load(file)


def start_log():
    log = logging.getLogger("app")
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    log.addHandler(logging.FileHandler(os.path.join(DATA, "app.log")))
    log.setLevel(logging.INFO)
    return log


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        place = urllib.parse.urlsplit(self.path)
        if place.path.startswith("/files/"):
            try:
                with open(os.path.join(DATA, os.path.basename(place.path)), "rb") as file:
                    return self.answer(200, file.read())
            except FileNotFoundError:
                return self.answer(404, b"no such file\n")
        if place.path == "/sum":
            n = int(urllib.parse.parse_qs(place.query).get("n", ["1"])[0])
            return self.answer(200, b"%d\n" % sum(range(n)))
        if place.path == "/notes":
            try:
                return self.answer(200, b"%d\n" % os.stat(os.path.join(DATA, "notes")).st_size)
            except FileNotFoundError:
                return self.answer(200, b"0\n")
        return self.answer(200, SETTINGS["greeting"].encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = os.path.join(DATA, "notes")
        with LOCK, open(path, "ab") as file:
            file.write(body)
            if file.tell() > 1_000_000:
                os.replace(path, path + ".old")
        self.answer(201, b"noted\n")

    def log_message(self, form, *arguments):
        LOG.info(form, *arguments)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, address):
        LOG.info("the client at %s is gone", address)


def reload(*_):
    global SETTINGS
    SETTINGS = configuration()


def reopen(*_):
    global LOG
    LOG = start_log()


SETTINGS = configuration()
LOG = start_log()
signal.signal(signal.SIGHUP, reload)
signal.signal(signal.SIGUSR1, reopen)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
Server(("127.0.0.1", SETTINGS["port"]), Handler).serve_forever()
