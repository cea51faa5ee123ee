// orval's client for fetch, and the types that it makes.
import assert from "node:assert/strict";
import * as api from "./orval";
import * as worked from "./worked";

async function run() {
  const options = { headers: worked.headers };
  const { rates, population, counts, entropy, activity } = worked;
  const rate = await api.firingRateTargetMseLoss(rates, options);
  worked.expect("firing_rate_target_mse_loss", rate.status === 200 ? rate.data : undefined);
  const dense = await api.balancedPopulationMse(population, options);
  worked.expect("balanced_population_mse", dense.status === 200 ? dense.data : undefined);
  const count = await api.spikeCountMse(counts, options);
  worked.expect("spike_count_mse", count.status === 200 ? count.data : undefined);
  const cross = await api.spikeCountCrossEntropy(entropy, options);
  worked.expect("spike_count_cross_entropy", cross.status === 200 ? cross.data : undefined);
  const active = await api.activityRegularization(activity, options);
  worked.expect("activity_regularization", active.status === 200 ? active.data : undefined);

  const body: api.BalancedPopulationMseRequest = {
    ...population, gradient: "broadcast", gradient_encoding: "f64", axes: null,
  };
  const broadcast = await api.balancedPopulationMse(body, options);
  worked.expect("balanced_population_mse", broadcast.status === 200 ? broadcast.data : undefined);

  const refused = await api.firingRateTargetMseLoss({ ...rates, offsets: [1, 2] }, options);
  worked.expectProblem(refused.status === 422 ? refused.data : undefined);
  // @ts-expect-error: no such choice
  const choice = await api.spikeCountMse({ ...counts, per: "spike" }, options);
  assert.equal(choice.status === 422 && choice.data.code, "unknown_choice");

  const losses = await api.listLosses(options);
  worked.expectLosses(losses.status === 200 ? losses.data : undefined);
  const loss = await api.describeBalancedPopulationMse(options);
  worked.expectLoss(loss.status === 200 ? loss.data : undefined);
  assert.equal((await api.livez()).data, "ok\n");
  assert.equal((await api.readyz()).data, "ok\n");
  const metrics = await api.metrics(options);
  assert.match(metrics.status === 200 ? metrics.data : "", /^spikelossd_/m);
  const usage = await api.usage(options);
  assert.match(usage.status === 200 ? usage.data : "", /curl/);
  const document = await api.openapiDocument(options);
  assert.equal(document.status === 200 && document.data.openapi, "3.1.0");
}

void run();
