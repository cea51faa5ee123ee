// What every generated client must get for a loss's example, worked out from the formulas of
// docs/losses.md. The types are those of openapi-typescript: the other generators' must fit them.
import assert from "node:assert/strict";
import type { components } from "./openapi_typescript";

type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Gradient = Schemas["Gradient"];
type Answers = {
  firing_rate_target_mse_loss: Schemas["firing_rate_target_mse_loss_answer"];
  balanced_population_mse: Schemas["balanced_population_mse_answer"];
  spike_count_mse: Schemas["spike_count_mse_answer"];
  spike_count_cross_entropy: Schemas["spike_count_cross_entropy_answer"];
  activity_regularization: Schemas["activity_regularization_answer"];
};
export type Name = keyof Answers;

const layers = [[[[1, 0, 1], [0, 0, 1]]]];
const spk = [[[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]];

export const rates: Schemas["firing_rate_target_mse_loss_request"] = {
  spikes_list: layers, offsets: [0.25], multipliers: [2],
};
export const population: Schemas["balanced_population_mse_request"] = {
  spk, targets: [0], num_classes: 2, neurons_per_class: 2, correct_rate: 0.75,
  incorrect_rate: 0.125,
};
export const counts: Schemas["spike_count_mse_request"] = {
  spk, targets: [0], num_classes: 2, correct_rate: 0.7, incorrect_rate: 0.1, per: "population",
  truncate: true, weight: 0.25,
};
export const entropy: Schemas["spike_count_cross_entropy_request"] = {
  spk, targets: [1], num_classes: 2, label_smoothing: 0.1, class_weights: [1, 2],
};
export const activity: Schemas["activity_regularization_request"] = {
  spikes_list: layers, lower: [0.1], upper: [0.4], per: "neuron",
};
export const requests = {
  firing_rate_target_mse_loss: rates, balanced_population_mse: population,
  spike_count_mse: counts, spike_count_cross_entropy: entropy, activity_regularization: activity,
};

// Of classes 0 and 1, which have 5 spikes and 1: -log(softmax), and the share of each in the loss.
const surprise = [Math.log1p(Math.exp(-4)), 4 + Math.log1p(Math.exp(-4))];
const share = [0.05 / 2, (0.9 * 2 + 0.05 * 2) / 2];
const slope = 0.975 * Math.exp(-surprise[0]) - share[0];

// The loss, and its gradient for each neuron, which is the same at every step.
const worked: { [N in Name]: [number, number[]] } = {
  firing_rate_target_mse_loss: [0.25, [1 / 3, 1 / 3, 1 / 3]],
  balanced_population_mse: [0.375, [0, -0.5, -0.25, 0.25]],
  spike_count_mse: [0.125, [0, 0, 0.25, 0.25]],
  spike_count_cross_entropy: [
    share[0] * surprise[0] + share[1] * surprise[1], [slope, slope, -slope, -slope],
  ],
  activity_regularization: [
    (0.1 ** 2 + 0.1 ** 2 + 0.6 ** 2) / 3, [0.1 / 3, -0.1 / 3, 0.6 / 3],
  ],
};

function close(got: number, wanted: number, what: string) {
  assert.ok(Math.abs(got - wanted) < 1e-12, `${what}: ${got} is not ${wanted}`);
}

// The rows of a gradient, one a step; one for all if it broadcasts.
function rows(gradient: Gradient): number[][] {
  if (Array.isArray(gradient)) {
    return (gradient as number[][][])[0];
  }
  const values =
    "encoding" in gradient
      ? [...new Float64Array(new Uint8Array(Buffer.from(gradient.data, "base64")).buffer)]
      : gradient.data;
  assert.equal(values.length, gradient.shape.reduce((product, size) => product * size, 1));
  return [values];
}

export function expect<N extends Name>(name: N, answer: Answers[N] | undefined) {
  const [loss, row] = worked[name];
  assert.ok(answer?.gradients, name);
  close(answer.loss, loss, name);
  const gradients = answer.gradients;
  const gradient = "spk" in gradients ? gradients.spk : gradients.spikes_list[0];
  for (const step of rows(gradient)) {
    row.forEach((wanted, i) => close(step[step.length === 1 ? 0 : i], wanted, `${name}[${i}]`));
  }
}

export function expectProblem(problem: Problem | undefined) {
  assert.ok(problem);
  const code: Problem["code"] = "length_mismatch";
  assert.equal(problem.code, code);
  assert.equal(problem.status, 422);
  assert.equal(problem.pointer, "/offsets");
}

export function expectLosses(losses: Schemas["Losses"] | undefined) {
  assert.deepEqual(losses?.losses.map((loss) => loss.name), Object.keys(requests));
  assert.deepEqual(losses?.losses.map((loss) => loss.example), Object.values(requests));
  assert.ok(losses && losses.limits.pairs > 0);
}

export function expectLoss(loss: Schemas["LossWithLimits"] | undefined) {
  assert.equal(loss?.name, "balanced_population_mse");
  assert.equal(loss?.fields[0].kind, "spikes");
  assert.ok(loss && loss.limits.body_bytes > 0);
}

export const baseUrl = process.argv[2];
export const token = process.argv[3] ?? "";
export const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
