"""What a NumPy client of spikelossd does: packs a float array, asks, decodes the gradient.

    round_trip.py balanced_population_mse 128x100x1000 40001

Before it is timed, the answer is compared with the loss and gradient computed here.
"""

import base64
import http.client
import json
import sys

import numpy
import numpy_losses
import question

name, shape, port = sys.argv[1:]
spk = question.spikes(shape)
targets = question.targets(spk.shape[0]).tolist()
PLACE = "the packed spikes"
connection = http.client.HTTPConnection("127.0.0.1", int(port))

population = {"targets": targets, "num_classes": question.CLASSES,
              "neurons_per_class": spk.shape[2] // question.CLASSES,
              "correct_rate": question.CORRECT_RATE, "incorrect_rate": question.INCORRECT_RATE}
rates = {"offsets": [question.OFFSET], "multipliers": [question.MULTIPLIER]}


def ask():
    """(loss, gradient), the gradient as a float32 array that broadcasts to the spikes."""
    tensor = {"shape": spk.shape, "encoding": "bits", "data": PLACE}
    if name == "balanced_population_mse":
        body = {"spk": tensor, **population}
    else:
        body = {"spikes_list": [tensor], **rates}
    body |= {"gradient": "broadcast", "gradient_encoding": "f32"}
    # base64 needs no escapes, so it is not sent through json.dumps, which would look for some.
    data = base64.b64encode(numpy.packbits(spk != 0))
    text = json.dumps(body).encode("ascii").replace(PLACE.encode("ascii"), data)
    connection.request("POST", "/v1/losses/" + name, text, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    answer = json.loads(reply.read())
    if reply.status != 200:
        sys.exit(f"spikelossd answered {answer}")
    gradients = answer["gradients"]
    gradient = gradients["spk"] if "spk" in gradients else gradients["spikes_list"][0]
    values = numpy.frombuffer(base64.b64decode(gradient["data"]), dtype="<f4")
    return answer["loss"], values.reshape(gradient["shape"])


def check():
    loss, gradient = ask()
    inputs = {"spk": spk, **population} if "population" in name else {"spikes_list": [spk], **rates}
    expected = numpy_losses.answer(name, inputs)
    numpy.testing.assert_allclose(loss, expected["loss"], rtol=1e-5)
    gradients = expected["gradients"]
    numpy.testing.assert_allclose(gradient.ravel(), numpy.ravel(
        gradients.get("spk", gradients.get("spikes_list"))), rtol=1e-5, atol=1e-9)


check()
question.serve(ask)
