"""schemathesis on URL_OF. A file of its own, as its settings come from one."""

import os
import tempfile

from schemathesis.cli import schemathesis

# What a schema cannot say is what a picture is: valid requests have texts in its place, and are refused. 501 answers workflows that
# only Roboflow's own server has. 431 refuses long addresses before anything else is looked at.
SETTINGS = """
[checks]
positive_data_acceptance.enabled = false
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "406", "413", "415", "422", "429", "431", "501"]
"""

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with open("schemathesis.toml", "w", encoding="utf8") as file:
        file.write(SETTINGS)
    schemathesis(
        ["run", f"{os.environ['URL_OF']}/openapi.json", "--max-examples", "30", "--seed", "18", "--no-color"]
    )
