// hey-api's client, and the types that it makes.
import assert from "node:assert/strict";
import { client } from "./hey_api/client.gen";
import * as api from "./hey_api";
import * as worked from "./worked";

async function run() {
  client.setConfig({ baseUrl: worked.baseUrl, auth: () => worked.token });
  const { rates, population, counts, entropy, activity } = worked;
  worked.expect("firing_rate_target_mse_loss",
    (await api.firingRateTargetMseLoss({ body: rates })).data);
  worked.expect("balanced_population_mse",
    (await api.balancedPopulationMse({ body: population })).data);
  worked.expect("spike_count_mse", (await api.spikeCountMse({ body: counts })).data);
  worked.expect("spike_count_cross_entropy",
    (await api.spikeCountCrossEntropy({ body: entropy })).data);
  worked.expect("activity_regularization",
    (await api.activityRegularization({ body: activity })).data);

  const body: api.BalancedPopulationMseRequest = {
    ...population, gradient: "broadcast", gradient_encoding: "f64", axes: null,
  };
  worked.expect("balanced_population_mse", (await api.balancedPopulationMse({ body })).data);

  const refused = await api.firingRateTargetMseLoss({ body: { ...rates, offsets: [1, 2] } });
  worked.expectProblem(refused.error);
  // @ts-expect-error: no such choice
  const choice = await api.spikeCountMse({ body: { ...counts, per: "spike" } });
  assert.equal(choice.error?.code, "unknown_choice");

  worked.expectLosses((await api.listLosses()).data);
  worked.expectLoss((await api.describeBalancedPopulationMse()).data);
  assert.equal((await api.livez()).data, "ok\n");
  assert.equal((await api.readyz()).data, "ok\n");
  assert.match((await api.metrics()).data ?? "", /^spikelossd_/m);
  assert.match((await api.usage()).data ?? "", /curl/);
  assert.equal((await api.openapiDocument()).data?.openapi, "3.1.0");
}

void run();
