"""Reads a dashboard with Grafana's own types and writes it again: prints whatever of it they do not know."""
import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(given, kept, place):
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from lost(value, kept[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}"
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for i, pair in enumerate(zip(given, kept)):
            yield from lost(*pair, f"{place}[{i}]")
    elif given != kept:
        yield f"{place}: {given!r} became {kept!r}"


plugins.register_default_plugins()
with open(sys.argv[1]) as file:
    dashboard = json.load(file)
for line in lost(dashboard, json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard))), "dashboard"):
    print(line)
