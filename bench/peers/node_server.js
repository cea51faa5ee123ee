// The population loss behind Node's http, at spikelossd's path: JSON.parse, then plain loops over
// typed arrays.
//
//     node node_server.js

"use strict";

const http = require("http");

function countSpikes(spk) {
  const samples = spk.length;
  const steps = spk[0].length;
  const neurons = spk[0][0].length;
  const counts = new Float64Array(samples * neurons);
  const fired = new Uint32Array(neurons);
  let binary = true;
  for (let b = 0; b < samples; b++) {
    const base = b * neurons;
    const sample = spk[b];
    if (sample.length !== steps) throw new Error("ragged");
    for (let t = 0; t < steps; t++) {
      const row = sample[t];
      if (row.length !== neurons) throw new Error("ragged");
      for (let o = 0; o < neurons; o++) {
        const value = row[o];
        if (typeof value !== "number") throw new Error("not a number");
        counts[base + o] += value;
        fired[o] += value !== 0 ? 1 : 0;
        if (value !== 0 && value !== 1) binary = false;
      }
    }
  }
  return { samples, steps, neurons, counts, fired, binary };
}

function winners(counts, samples, classes, each, targets) {
  let hits = 0;
  let ties = 0;
  let at = 0;
  for (let b = 0; b < samples; b++) {
    let best = -Infinity;
    let winner = 0;
    let tied = false;
    for (let k = 0; k < classes; k++) {
      let total = 0;
      for (let i = 0; i < each; i++) total += counts[at++];
      tied = total === best || (tied && total < best);
      if (total > best) {
        best = total;
        winner = k;
      }
    }
    hits += winner === targets[b] ? 1 : 0;
    ties += tied ? 1 : 0;
  }
  return { accuracy: hits / samples, ties };
}

function answer(question) {
  const { samples, steps, neurons, counts, fired, binary } = countSpikes(question.spk);
  const { targets, num_classes: classes, neurons_per_class: each } = question;
  if (targets.length !== samples || classes * each !== neurons) throw new Error("sizes");
  const pairs = samples * neurons;
  const gradient = new Array(pairs);
  const apart = [0, 0];
  const counted = [0, 0];
  let loss = 0;
  let at = 0;
  for (let b = 0; b < samples; b++) {
    for (let k = 0; k < classes; k++) {
      const correct = k === targets[b] ? 1 : 0;
      const wanted = steps * (correct ? question.correct_rate : question.incorrect_rate);
      for (let i = 0; i < each; i++, at++) {
        const difference = counts[at] - wanted;
        loss += difference * difference;
        apart[correct] += difference;
        counted[correct] += counts[at];
        gradient[at] = (2 * difference) / pairs;
      }
    }
  }
  const rows = samples * steps;
  const told = { loss: loss / pairs };
  if (question.gradient === "broadcast") {
    told.gradients = {
      spk: { shape: [samples, 1, neurons], data: gradient },
      correct_rate: ((-2 * steps) / pairs) * apart[1],
      incorrect_rate: ((-2 * steps) / pairs) * apart[0],
    };
  }
  told.diagnostics = {
    ...winners(counts, samples, classes, each, targets),
    neurons,
    silent: fired.filter((of) => of === 0).length,
    saturated: fired.filter((of) => of === rows).length,
    binary,
    mean_rate_correct: counted[1] / (each * rows),
    mean_rate_incorrect: classes > 1 ? counted[0] / ((neurons - each) * rows) : 0,
  };
  return JSON.stringify(told);
}

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    let status = 200;
    let text;
    try {
      text = answer(JSON.parse(Buffer.concat(pieces).toString("latin1")));
    } catch (problem) {
      status = 400;
      text = JSON.stringify({ detail: String(problem) });
    }
    response.writeHead(status, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(text),
    });
    response.end(text);
  });
});
server.keepAliveTimeout = 600_000;
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  console.error(`listening on http://127.0.0.1:${server.address().port}`);
});
