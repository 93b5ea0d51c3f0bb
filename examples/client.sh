#!/usr/bin/env bash
# The service from the command line: `examples/client.sh [URL]`, with curl alone.
set -euo pipefail
url=${1:-http://127.0.0.1:8000}

# Ask again, up to ten times, while the service is busy (429) or loads its model (503); curl honours Retry-After. The
# answer goes through a file, which curl empties before each attempt.
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
ask() {
  local status=0
  curl --silent --show-error --retry 10 --max-time 180 --output "$answer" "$@" || status=$?
  cat "$answer"
  echo
  return $status
}

echo "# one text"
ask --json '{"text": "Peru rejected a claim by Chile over the border."}' "$url/classify"

echo "# documents; a faulty one costs the others nothing and has an error in its place"
ask --json @- "$url/classify" <<'JSON'
{"documents": [
  {"id": "good", "text": "Kenya will stand by Rwanda, Nairobi said.", "date": "2024-03-05"},
  {"id": "bad", "text": "", "date": "yesterday"}
], "countries": ["KE", "RW"]}
JSON

echo "# a stream: a document a line, an answer a line; --no-buffer shows each as soon as it is there"
for number in 1 2 3; do
  echo "{\"id\": \"$number\", \"text\": \"Peru rejected claim $number by Chile.\"}"
done | curl --silent --show-error --no-buffer --request POST --upload-file - \
  --header 'Content-Type: application/x-ndjson' "$url/classify/stream"

echo "# an error is a problem document, and --fail-with-body makes it one for the shell"
if ! ask --fail-with-body --json '{"text": "Norway warned Iceland.", "countries": ["NORWAY"]}' "$url/classify"; then
  echo "# refused, as it should be"
fi
