"""The two losses behind FastAPI, at spikelossd's paths, with PyTorch or NumPy inside.

    LOSSES=torch uvicorn --app-dir bench/peers --port 0 fastapi_service:app

Bodies are declared with types, as FastAPI's users do it: like spikelossd, this refuses what is not
an array of numbers of the right depth. Answers are spikelossd's broadcast form.
"""

import importlib
import os
from typing import List

from fastapi import FastAPI
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


@app.post("/v1/losses/firing_rate_target_mse_loss")
async def rate_loss(question: RateQuestion):
    return JSONResponse(losses.answer("firing_rate_target_mse_loss", fields(question)))


@app.post("/v1/losses/balanced_population_mse")
async def population_loss(question: PopulationQuestion):
    return JSONResponse(losses.answer("balanced_population_mse", fields(question)))
