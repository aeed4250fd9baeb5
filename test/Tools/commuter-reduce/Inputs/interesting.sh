#!/bin/sh
# usage: interesting.sh COMMUTER_OPT PROGRAM; exits with 1 if a norm stays behind a
# pending sum.
"$1" "$2" --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 |
  grep -q 'Reason=pending-sum' && exit 1
exit 0
