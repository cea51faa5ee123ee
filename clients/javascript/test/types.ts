/** Never run: tsc must accept all of this, and must refuse what follows @ts-expect-error. */
import { BadAnswerError, broadcastTo, Client, ConnectionError, ProblemError } from 'spikeloss';
import type { Options } from 'spikeloss';
import { Client as Implemented } from '../src/client.js';
import {
  BadAnswerError as ImplementedBadAnswerError,
  ConnectionError as ImplementedConnectionError,
  ProblemError as ImplementedProblemError,
} from '../src/errors.js';
import { broadcastTo as implementedBroadcastTo } from '../src/tensor.js';

// What is declared is what is there.
export const declared: {
  Client: new (...values: ConstructorParameters<typeof Client>) => Pick<Client, keyof Client>;
  BadAnswerError: new (url: string, problem: string) => BadAnswerError;
  ConnectionError: new (url: string, attempts: number, cause: unknown) => ConnectionError;
  ProblemError: new (status: number, problem: null, requestId: null) => ProblemError;
  broadcastTo: typeof broadcastTo;
} = {
  Client: Implemented,
  BadAnswerError: ImplementedBadAnswerError,
  ConnectionError: ImplementedConnectionError,
  ProblemError: ImplementedProblemError,
  broadcastTo: implementedBroadcastTo,
};

const population = { num_classes: 2, neurons_per_class: 2, correct_rate: 0.75, incorrect_rate: 0.125 };

export async function use(client: Client) {
  const spk = { shape: [2, 4, 4], data: new Uint8Array(32) };
  const result = await client.balanced_population_mse({ spk, targets: [0, 0], ...population });
  const values: Float64Array | Float32Array = broadcastTo(result.gradients.spk, spk.shape).data;
  const numbers: number[] = [result.loss, result.gradients.correct_rate, result.diagnostics.ties];

  const layers = await client.firing_rate_target_mse_loss(
    { spikes_list: [spk, [[1, 0], [0, 1]]], offsets: new Float32Array(2), multipliers: [1, 2] },
    { gradient_encoding: 'f32', signal: new AbortController().signal },
  );
  const rates: number[] = layers.diagnostics.layers.map((layer) => layer.rate);
  const shape: number[] = layers.gradients.spikes_list[0].shape;

  const labels = new BigInt64Array(2);
  const without = await client.balanced_population_mse(
    { spk, targets: labels, ...population },
    { gradient: 'none' },
  );
  // @ts-expect-error: there are no gradients where none were asked for
  without.gradients.spk;
  const options: Options = {};
  const perhaps = await client.balanced_population_mse({ spk, targets: labels, ...population }, options);
  // @ts-expect-error: these options may have said that there are no gradients
  perhaps.gradients.spk;
  const some: Float64Array | Float32Array | undefined = perhaps.gradients?.spk.data;

  const counts = { shape: [2, 4, 4], summed: 'time', data: Uint16Array.of(3) } as const;
  const classes = { spk: counts, targets: [0, 0], num_classes: 2 };
  const rest = { axes: 'time_batch_neurons', per: 'population', truncate: true } as const;
  const mse = await client.spike_count_mse({ ...classes, correct_rate: 1, incorrect_rate: 0, ...rest });
  const entropy = await client.spike_count_cross_entropy({ ...classes, label_smoothing: 0.1 });
  const figures: number[] = [mse.gradients.correct_rate, entropy.diagnostics.mean_probability_correct];
  const packed = { shape: [1, 8], encoding: 'bits', data: Uint8Array.of(160) } as const;
  const activity = await client.activity_regularization({ spikes_list: [packed], upper: [0.1] });
  const bounds: [number, number[] | undefined] = [
    activity.diagnostics.layers[0].above,
    activity.gradients.upper,
  ];
  // @ts-expect-error: not one of the words
  await client.spike_count_mse({ ...classes, correct_rate: 1, incorrect_rate: 0, per: 'class' });

  // @ts-expect-error: targets are missing
  await client.balanced_population_mse({ spk, ...population });
  // @ts-expect-error: BigInts are no spikes
  await client.balanced_population_mse({ spk: { shape: [2], data: labels }, targets: [0], ...population });
  // @ts-expect-error: no such option
  await client.evaluate('mean_rate_loss', { spk }, { gradient: 'dense' });

  return { values, numbers, rates, shape, some, figures, bounds };
}

export function explain(error: unknown) {
  if (error instanceof ProblemError) {
    const place: [string | null, number | null] = [error.pointer, error.offset];
    return [error.status, error.code, error.detail, error.requestId, ...place];
  }
  if (error instanceof BadAnswerError) {
    return [error.url];
  }
  return error instanceof ConnectionError ? [error.attempts, error.cause] : [];
}
