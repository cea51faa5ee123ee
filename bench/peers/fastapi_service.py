"""The two losses behind FastAPI, at spikelossd's paths, with PyTorch or NumPy inside.

    LOSSES=torch BODY=typed uvicorn --app-dir bench/peers --port 0 fastapi_service:app

BODY=typed declares bodies with types, as FastAPI's users do it: like spikelossd, this refuses what
is not an array of numbers of the right depth. BODY=raw gives the bytes to json.loads and NumPy, and
takes packed bits too; that is faster, and refuses less. Answers are spikelossd's broadcast form.
"""

import base64
import importlib
import json
import os
from typing import List

import numpy
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

losses = importlib.import_module(os.environ["LOSSES"] + "_losses")
app = FastAPI()

Spikes = List[List[List[float]]]


class RateQuestion(BaseModel):
    spikes_list: List[Spikes]
    offsets: List[float]
    multipliers: List[float]


class PopulationQuestion(BaseModel):
    spk: Spikes
    targets: List[int]
    num_classes: int
    neurons_per_class: int
    correct_rate: float
    incorrect_rate: float


def fields(question):
    return {name: getattr(question, name) for name in question.__fields__}


async def rate_loss(question: RateQuestion):
    return JSONResponse(losses.answer("firing_rate_target_mse_loss", fields(question)))


async def population_loss(question: PopulationQuestion):
    return JSONResponse(losses.answer("balanced_population_mse", fields(question)))


def unpacked(tensor):
    """An array of nested lists, or of packed bits."""
    if isinstance(tensor, list):
        return numpy.asarray(tensor, dtype=numpy.float32)
    packed = numpy.frombuffer(base64.b64decode(tensor["data"], validate=True), dtype=numpy.uint8)
    count = numpy.prod(tensor["shape"])
    return numpy.unpackbits(packed, count=count).reshape(tensor["shape"])


async def raw_loss(name: str, request: Request):
    question = json.loads(await request.body())
    question = {key: value for key, value in question.items() if not key.startswith("gradient")}
    if name == "balanced_population_mse":
        question["spk"] = unpacked(question["spk"])
    else:
        question["spikes_list"] = [unpacked(spikes) for spikes in question["spikes_list"]]
    return Response(json.dumps(losses.answer(name, question)), media_type="application/json")


if os.environ["BODY"] == "raw":
    app.post("/v1/losses/{name}")(raw_loss)
else:
    app.post("/v1/losses/firing_rate_target_mse_loss")(rate_loss)
    app.post("/v1/losses/balanced_population_mse")(population_loss)
