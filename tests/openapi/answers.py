"""Whether the schemas of GET /openapi.json are true.

    answers.py SPIKELOSSD

Every answer must be one that the document lists for its operation, and its body must fit the
schema, with no member that the schema does not name. Every request that is computed must fit its
schema, and none may that is refused for something that a schema can say. The last line says
"N passed, N failed".
"""

import copy
import gzip
import http.client
import itertools
import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
from running_daemon import PATIENCE, Checks, Daemon, eventually  # noqa: E402

JSON = "application/json"
PROBLEM = "application/problem+json"
TOKEN = "a-secret-of-this-test-0123456789"

# What a schema can refuse, unless two members disagree: such errors have no offset. Sums over the
# batch are for some losses only, which it cannot say.
EXPRESSIBLE = {"wrong_type", "unknown_member", "missing_member", "unknown_choice", "out_of_range"}

# Codes of problems that only other tests cause: of TLS, of memory and connections that run out, and
# of a lower limit (depth), where no field refuses the nesting before.
UNSEEN = {"certificate_missing", "busy", "out_of_memory", "deferred_too_large", "too_deep"}
LOSS_OF_ENDING = {".f": "firing_rate_target_mse_loss", ".b": "balanced_population_mse"}

ENCODINGS = (None, "text", "f32", "f64", "indexed_f32", "indexed_f64")

SEEN = set()

# One sample, two steps, three neurons, in each spelling.
SPELLINGS = {
    "nested": [[[1, 0, 1], [0, 0, 1]]],
    "flat": {"shape": [1, 2, 3], "data": [1, 0, 1, 0, 0, 1]},
    "nested data": {"shape": [1, 2, 3], "summed": None, "data": [[[1, 0, 1], [0, 0, 1]]]},
    "bits": {"shape": [1, 2, 3], "encoding": "bits", "data": "pA=="},
    "integers": {"shape": [1, 2, 3], "encoding": "u8", "data": "AQABAAAB"},
    "sums": {"shape": [1, 2, 3], "encoding": "u8", "summed": "time", "data": "AQAC"},
    "coordinates": {"shape": [1, 2, 3], "encoding": "coo",
                    "data": [[0, 0, 0], [0, 0, 2], [0, 1, 2]]},
}
OTHERS = [None, True, "text", 1, 1.5, -1, 0, 1e300, 2**60, [], [1], [-1], ["text"], [[1]], [True],
          [None], [[]], [2**70], {}, {"0": 1}, {"shape": [1], "data": [1]}]


def strict(schema):
    """Returns a schema that refuses members that it does not name. Of allOf it makes one schema."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: part if key in ("if", "else") else strict(part) for key, part in schema.items()}
    if "properties" in schema:
        told["properties"] = {name: strict(part) for name, part in schema["properties"].items()}
        told.setdefault("additionalProperties", False)
    return told


class Document:
    def __init__(self, document):
        self.paths = document["paths"]
        self.schemas = document["components"]["schemas"]
        self.strict_schemas = {name: strict(self.merged(s)) for name, s in self.schemas.items()}
        self.codes = set(self.schemas["Problem"]["properties"]["code"]["enum"])

    def merged(self, schema):
        if "allOf" not in schema:
            return schema
        parts = [self.schemas[part["$ref"].split("/")[-1]] if "$ref" in part else part
                 for part in schema["allOf"]]
        return {"type": "object", "required": sum((p["required"] for p in parts), []),
                "properties": {k: v for p in parts for k, v in p["properties"].items()}}

    def faults(self, schema, value, schemas=None):
        whole = {**schema, "components": {"schemas": schemas or self.schemas}}
        return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}"
                for fault in Draft202012Validator(whole).iter_errors(value)]

    def check_answer(self, what, method, path, status, kind, body):
        """The answer is among those of its operation; other paths have problems only."""
        responses = self.paths.get(path, {}).get(method.lower(), {}).get("responses")
        content = responses.get(str(status), {}).get("content", {}) if responses else {
            PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        kind = kind.split(";")[0]
        if kind not in content:
            Checks.that(False, f"{what}: {status} {kind} is no answer of {method} {path}")
            return
        value = json.loads(body) if kind.endswith("json") else body.decode()
        faults = self.faults(content[kind]["schema"], value, self.strict_schemas)
        Checks.that(not faults, f"{what}: {status}: {faults}: {body[:300]}")
        if kind == PROBLEM:
            SEEN.add(value["code"])


class Client:
    def __init__(self, daemon, document=None):
        self.daemon = daemon
        self.document = document

    def ask(self, what, method, path, body=None, headers=None):
        """Returns the status and the body, which are as the document says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=PATIENCE)
        connection.request(method, path, body, {"Content-Type": JSON, **(headers or {})})
        answer = connection.getresponse()
        status, said = answer.status, answer.read()
        connection.close()
        if self.document:
            kind = answer.headers["Content-Type"]
            self.document.check_answer(what, method, path.split("?")[0], status, kind, said)
        return status, said

    def post(self, what, loss, request):
        """Posts a request, which must fit its schema if it is computed, and must not if it is
        refused for what a schema can say."""
        status, said = self.ask(what, "POST", f"/v1/losses/{loss}", json.dumps(request))
        answer = json.loads(said)
        faults = self.document.faults({"$ref": f"#/components/schemas/{loss}_request"}, request)
        of_sums = answer.get("pointer", "").endswith("/summed")
        if status == 200:
            Checks.that(not faults, f"{what}: computed, but {faults}")
        elif answer["code"] in EXPRESSIBLE and "offset" in answer and not of_sums:
            Checks.that(faults, f"{what}: fits its schema, but {said}")
        return status


def examples_fit(document):
    for name, schema in document.schemas.items():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", []):
            faults = document.faults(schema, example)
            Checks.that(not faults, f"the example of {name}: {faults}")


def examples_of(document):
    for path, operations in document.paths.items():
        if "post" in operations:
            yield path.split("/")[-1], operations["post"]["requestBody"]["content"][JSON]["example"]


def forms_are_answered(client, losses):
    forms = itertools.product((None, "dense", "broadcast", "none"), ENCODINGS,
                              (None, "batch_time_neurons", "time_batch_neurons"))
    for form, (loss, example) in itertools.product(forms, losses.items()):
        gradient, encoding, axes = form
        options = {"axes": axes, "gradient": gradient, "gradient_encoding": encoding}
        what = f"{loss} {options}"
        status = client.post(what, loss, {**options, **example})
        Checks.that(status == 200 or axes == "time_batch_neurons", f"{what}: {status}")


def spellings_are_answered(client, losses):
    for (name, tensor), (loss, example) in itertools.product(SPELLINGS.items(), losses.items()):
        for encoding in "text", "f64", "indexed_f32":
            request = {**copy.deepcopy(example), "gradient_encoding": encoding}
            if "spk" in request:
                request.update(spk=tensor, num_classes=3)
                request.update({"neurons_per_class": 1} if "neurons_per_class" in request else {})
                request.update({"class_weights": [1, 2, 3]} if "class_weights" in request else {})
            else:
                request["spikes_list"] = [tensor]
            status = client.post(f"{loss}, {name}", loss, request)
            Checks.that(status == 200, f"{loss}, {name}: {status}")


def mutations(value):
    """Yields copies of an object with a member missing, replaced or added."""
    for name in value:
        yield f"no {name}", {k: v for k, v in value.items() if k != name}
        for other in OTHERS:
            yield f"{name} = {other}", {**value, name: other}
    yield "an unknown member", {**value, "colour": 1}


def mutations_are_judged_alike(client, losses):
    for loss, example in losses.items():
        options = {"axes": "batch_time_neurons", "gradient": "dense", "gradient_encoding": "text"}
        for what, request in mutations({**options, **example}):
            client.post(f"{loss}, {what}", loss, request)
    loss, example = next(iter(losses.items()))
    for name, tensor in SPELLINGS.items():
        for what, changed in mutations(tensor) if isinstance(tensor, dict) else ():
            client.post(f"{name}, {what}", loss, {**example, "spikes_list": [changed]})


def golden_cases_fit(client):
    for file in "cases.json", "count_cases.json":
        for case in json.loads((TESTS / "golden" / file).read_text()):
            request = {**case["request"], **case.get("options", {})}
            status = client.post(case["name"], case["loss"], request)
            Checks.that((status == 200) == ("expect" in case), f"{case['name']}: {status}")
    library = json.loads((TESTS / "golden/library_cases.json").read_text())
    for case in library["cases"]:
        samples = library["spikes"][case["spikes"]]
        spikes = [[list(map(int, step)) for step in sample] for sample in samples]
        of_layers = case["loss"] == "activity_regularization"
        tensors = {"spikes_list": [spikes]} if of_layers else {"spk": spikes}
        request = {**case["request"], **tensors}
        status = client.post(case["source"], case["loss"], request)
        Checks.that(status == 200, f"{case['source']}: {status}")


def mistakes_are_judged_alike(client):
    def not_a_number(text):
        raise ValueError(text)

    for file in sorted((TESTS / "inputs").iterdir()):
        loss, body = LOSS_OF_ENDING[file.suffix], file.read_bytes()
        client.ask(file.name, "POST", f"/v1/losses/{loss}", body)
        try:
            request = json.loads(body.decode("utf-8"), parse_constant=not_a_number)
        except ValueError:
            continue
        client.post(file.name, loss, request)


def pages_are_as_described(client, document):
    for path, operations in document.paths.items():
        if "get" in operations:
            status, _ = client.ask(f"GET {path}", "GET", path)
            Checks.that(status == 200, f"GET {path}: {status}")


def errors_are_as_described(client, loss):
    path = f"/v1/losses/{loss}"
    rest = ',"offsets":[0],"multipliers":[1]}'
    bodies = [
        (400, '{"spikes_list":[[[1,0],[1]]]' + rest),
        (400, '{"spikes_list":[[1]],"spikes_list":[[1]]' + rest),
        (400, '{"spikes_list":[[1]],"axes":"batch_time_neurons"' + rest),
        (422, '{"spikes_list":[' + "[" * 40 + "1" + "]" * 40 + "]" + rest),
        (413, '{"spikes_list":[' + "[1]," * 1024 + "[1]]" + rest),
        (413, '{"offsets":[' + " " * 2**23 + '0],"spikes_list":[[1]],"multipliers":[1]}'),
        (413, '{"spikes_list":[{"shape":[1,1,1000000000000],"encoding":"coo","data":[]}]' + rest),
        (422, '{"spikes_list":[{"shape":[1,1000000000,1],"encoding":"coo","data":[]}]' + rest),
        (422, '{"spikes_list":[{"shape":[2],"encoding":"coo","data":[[1],[0]]}]' + rest),
    ]
    errors = [(expected, "POST", path, body.encode(), {}) for expected, body in bodies]
    errors += [
        (400, "POST", path, b"{}", {"Transfer-Encoding": "chunked", "Content-Length": "2"}),
        (400, "POST", path, b"{", {}),
        (400, "POST", path, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
        (400, "POST", path + "?gradient=none", b"{}", {}),
        (400, "POST", path, gzip.compress(b"[1]"), {"Content-Encoding": "gzip"}),
        (403, "POST", path, b"{}", {"Host": "elsewhere.example"}),
        (403, "GET", "/livez", None, {"Host": "elsewhere.example"}),
        (403, "GET", "/v1/losses", None, {"Origin": "http://elsewhere.example"}),
        (404, "GET", "/v1/losses/none", None, {}),
        (404, "POST", "/nothing", b"{}", {}),
        (405, "DELETE", path, None, {}),
        (405, "POST", "/livez", b"", {}),
        (413, "POST", path, b"", {"Content-Length": str(2**40), "Expect": "100-continue"}),
        (415, "POST", path, b"{}", {"Content-Type": "text/plain"}),
        (415, "POST", path, b"{}", {"Content-Encoding": "br"}),
        (422, "POST", path, b'{"spikes_list":[[1]],"offsets":[],"multipliers":[1]}', {}),
        (422, "POST", path, b'{"spikes_list":[[1]],"offsets":[1e999],"multipliers":[1]}', {}),
        (431, "POST", path, b"{}", {"X-Long": "x" * 20000}),
        (431, "GET", "/readyz", None, {"X-Long": "x" * 20000}),
    ]
    for expected, method, target, body, headers in errors:
        what = f"{method} {target} {list(headers)}"
        status, _ = client.ask(what, method, target, body, headers)
        Checks.that(status == expected, f"{what}: {status} is not {expected}: {(body or b'')[:80]}")


def document_of(daemon, headers=None):
    _, said = Client(daemon).ask("the document", "GET", "/openapi.json", headers=headers)
    return Document(json.loads(said))


def stopping_is_as_described(program):
    daemon = Daemon(program, "--stop-delay-seconds", "60")
    client = Client(daemon, document_of(daemon))
    daemon.process.terminate()
    Checks.that(eventually(lambda: client.ask("stopping", "GET", "/readyz")[0] == 503), "it stops")
    daemon.process.kill()
    daemon.process.wait()


def tokens_are_as_described(program):
    tokens = Path("tokens")
    tokens.write_text(f"tester {TOKEN}\n")
    tokens.chmod(0o600)
    with Daemon(program, "--token-file", str(tokens)) as daemon:
        client = Client(daemon, document_of(daemon, {"Authorization": f"Bearer {TOKEN}"}))
        for headers in {}, {"Authorization": "Bearer wrong"}:
            status, _ = client.ask("no token", "GET", "/v1/losses", headers=headers)
            Checks.that(status == 401, f"no token: {status}")
            status, _ = client.ask("no token", "POST", "/v1/losses/spike_count_mse", b"{}", headers)
            Checks.that(status == 401, f"no token: {status}")
        Checks.that(client.ask("livez", "GET", "/livez")[0] == 200, "livez needs no token")


def main():
    program = sys.argv[1]
    with Daemon(program, "--access-log", "none") as daemon:
        document = document_of(daemon)
        client = Client(daemon, document)
        losses = dict(examples_of(document))
        examples_fit(document)
        pages_are_as_described(client, document)
        forms_are_answered(client, losses)
        spellings_are_answered(client, losses)
        mutations_are_judged_alike(client, losses)
        golden_cases_fit(client)
        mistakes_are_judged_alike(client)
        errors_are_as_described(client, next(iter(losses)))
    stopping_is_as_described(program)
    tokens_are_as_described(program)
    Checks.that(SEEN | UNSEEN == document.codes, f"not caused: {document.codes - SEEN - UNSEEN}")
    print(f"{Checks.passed} passed, {Checks.failed} failed")
    return 1 if Checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
