"""Prints a file in the Trace Event Format: for each process and thread, its name
and the events on it in the order of their times, which must not overlap."""

import json
import sys

trace = json.load(open(sys.argv[1]))
assert trace["displayTimeUnit"] == "ms"
names, events = {}, {}
for event in trace["traceEvents"]:
    place = (event["pid"], event["tid"])
    if event["ph"] == "M":
        key = place if event["name"] == "thread_name" else event["pid"]
        names[key] = event["args"]["name"]
    else:
        assert event["ph"] == "X" and event["ts"] > 0 and event["dur"] >= 0
        events.setdefault(place, []).append(event)
for place, list in sorted(events.items()):
    end = 0
    for event in sorted(list, key=lambda event: event["ts"]):
        assert event["ts"] >= end - 1e-3, "events of a thread overlap"
        end = event["ts"] + event["dur"]
        args = " ".join(f"{k}={v}" for k, v in event["args"].items())
        print(f"{names[place[0]]}, {names[place]}: {event['name']} ({event['cat']}) {args}")
