#!/bin/sh
# Interesting (1) is a program that still has the call.
if grep -q 'call @g' "$1"; then exit 1; fi
exit 0
