// openapi-fetch with the types of openapi-typescript.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./openapi_typescript";
import * as worked from "./worked";

async function run() {
  const { baseUrl, headers, rates, population, counts, entropy, activity } = worked;
  const client = createClient<paths>({ baseUrl, headers });
  worked.expect("firing_rate_target_mse_loss",
    (await client.POST("/v1/losses/firing_rate_target_mse_loss", { body: rates })).data);
  worked.expect("balanced_population_mse",
    (await client.POST("/v1/losses/balanced_population_mse", { body: population })).data);
  worked.expect("spike_count_mse",
    (await client.POST("/v1/losses/spike_count_mse", { body: counts })).data);
  worked.expect("spike_count_cross_entropy",
    (await client.POST("/v1/losses/spike_count_cross_entropy", { body: entropy })).data);
  worked.expect("activity_regularization",
    (await client.POST("/v1/losses/activity_regularization", { body: activity })).data);

  const broadcast = await client.POST("/v1/losses/balanced_population_mse", {
    body: { ...population, gradient: "broadcast", gradient_encoding: "f64", axes: null },
  });
  worked.expect("balanced_population_mse", broadcast.data);

  const refused = await client.POST("/v1/losses/firing_rate_target_mse_loss", {
    body: { ...rates, offsets: [1, 2] },
  });
  worked.expectProblem(refused.error);
  const choice = await client.POST("/v1/losses/spike_count_mse", {
    // @ts-expect-error: no such choice
    body: { ...counts, per: "spike" },
  });
  assert.equal(choice.error?.code, "unknown_choice");

  worked.expectLosses((await client.GET("/v1/losses")).data);
  worked.expectLoss((await client.GET("/v1/losses/balanced_population_mse")).data);
  assert.equal((await client.GET("/livez", { parseAs: "text" })).data, "ok\n");
  assert.equal((await client.GET("/readyz", { parseAs: "text" })).data, "ok\n");
  assert.match((await client.GET("/metrics", { parseAs: "text" })).data ?? "", /^spikelossd_/m);
  assert.match((await client.GET("/", { parseAs: "text" })).data ?? "", /curl/);
  assert.equal((await client.GET("/openapi.json")).data?.openapi, "3.1.0");
}

void run();
