#!/bin/sh
# Runs a compiler (the arguments) and keeps what it says beside the object, in
# OBJECT.said, for scripts/cuda-resources.py. On an error it says it, too.
previous=
for argument; do
  [ "$previous" = -o ] && object=$argument
  previous=$argument
done
"$@" 2>"$object.said" || {
  code=$?
  cat "$object.said" >&2
  exit $code
}
