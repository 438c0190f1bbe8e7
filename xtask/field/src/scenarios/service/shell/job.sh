# Takes what is in the inbox, counts, packs, and keeps the newest.
. ./job.conf
for file in inbox/*; do
    [ -f "$file" ] || continue
    name=$(basename "$file")
    errors=$(grep -c '^error' "$file")
    lines=$(wc -l <"$file")
    sort -k3 -n "$file" | tail -n 3 >"done/$name.top"
    gzip -c "$file" >"done/$name.gz" && rm -f "$file"
    echo "$(date +%s) $name lines $lines errors $errors" >>log/job.log
done
ls -t done | tail -n "+$((KEEP * 2 + 1))" | while read -r old; do
    rm -f "done/$old"
done
echo "$(date +%s) idle" >>log/job.log
