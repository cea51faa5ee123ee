/**
 * Client of spikelossd. Spikes go in as typed arrays, gradients come out as typed arrays.
 *
 * Losses, fields and answers have the names of the service, so that its documentation and errors use
 * the same names as a program.
 */

/** Numbers in any container except BigInt arrays. */
export type Numbers =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | readonly number[];

/** What the values of a tensor are: spikes, or their sums over time, or over samples and time. */
export type Summed = 'time' | 'batch_time';

/**
 * `data` holds the product of `shape` values in row-major order. It is only read.
 *
 * With `summed` it holds sums, without the axes that were summed; `shape` is still that of the spikes.
 */
export interface FlatTensor {
  readonly shape: readonly number[];
  readonly data: Numbers;
  readonly summed?: Summed;
}

/** In an encoding of docs/api.md: sent as it is, or, if `data` holds bytes, as their base64. */
export interface EncodedTensor {
  readonly shape: readonly number[];
  readonly encoding: 'bits' | 'u8' | 'u16' | 'u32' | 'f32' | 'f64' | 'coo';
  readonly data: string | ArrayBufferView | readonly (readonly number[])[];
  readonly summed?: Summed;
}

/** One level for each dimension. Convenient; for large tensors `FlatTensor` is faster. */
export type NestedTensor = readonly (number | NestedTensor)[];

/**
 * Spikes: tensors of ones and zeros are sent as single bits; other numbers of typed arrays exactly, in
 * as many bytes as they have, except that `Int32Array` becomes doubles.
 */
export type Tensor = FlatTensor | EncodedTensor | NestedTensor;

/** How every tensor of a request is laid out, and its gradients. Default `'batch_time_neurons'`. */
export interface Layout {
  axes?: 'batch_time_neurons' | 'time_batch_neurons' | 'batch_neurons_time';
}

/** A list of numbers, such as offsets or class labels. BigInts are sent as integers up to 2^53. */
export type NumberList = Numbers | BigInt64Array | BigUint64Array | readonly bigint[];

/**
 * The gradient of a tensor. Gradients are constant along time, so it is small: its `shape` has the
 * tensor's rank and broadcasts to the tensor's shape by NumPy's rule. `broadcastTo` repeats it.
 */
export interface Gradient {
  shape: number[];
  data: Float64Array | Float32Array;
}

export interface Options {
  /** `'none'`: the answer has no gradients. Default `'broadcast'`. */
  gradient?: 'broadcast' | 'none';
  /**
   * How the gradients of tensors travel: `'indexed_f64'` (the default), a byte an element where there
   * are few different values, else `'f64'`; `'indexed_f32'` and `'f32'`, which give a `Float32Array`; or
   * `'text'`, which people can read on the way.
   */
  gradient_encoding?: 'indexed_f64' | 'indexed_f32' | 'f64' | 'f32' | 'text';
  /** Gives up waiting: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** Figures about a layer or the output. */
export interface Health {
  /** How the tensor was read. */
  samples: number;
  steps: number;
  neurons: number;
  /** Neurons that never fired. */
  silent: number;
  /** Neurons that fired at every step of every sample. */
  saturated: number;
  /** Whether all values were 0 or 1. */
  binary: boolean;
}

export interface FiringRateTargetMseLoss extends Layout {
  /** One tensor for each layer, of rank 1 to 8, typically [batch, time, neurons]. */
  spikes_list: readonly Tensor[];
  /** The target rate of each layer, in spikes per neuron and time step. */
  offsets: NumberList;
  /** The weight of each layer, inside the square. */
  multipliers: NumberList;
}

export interface FiringRateTargetMseLossResult {
  loss: number;
  gradients: { spikes_list: Gradient[]; offsets: number[]; multipliers: number[] };
  diagnostics: { layers: (Health & { rate: number; target: number; loss: number })[] };
}

export interface BalancedPopulationMse extends Layout {
  /** [batch, time, output_neurons] */
  spk: Tensor;
  /** The class of each sample. */
  targets: NumberList;
  num_classes: number;
  /** Class k owns the neurons k * neurons_per_class to (k + 1) * neurons_per_class - 1. */
  neurons_per_class: number;
  /** The target rate of the right population, in spikes per neuron and time step. */
  correct_rate: number;
  /** The target rate of all others. */
  incorrect_rate: number;
}

/** Figures about an output layer. */
export interface OutputHealth extends Health {
  /** The share of samples whose right population fired most. */
  accuracy: number;
  /** Samples in which two classes fired most; the lowest class wins. */
  ties: number;
  mean_rate_correct: number;
  mean_rate_incorrect: number;
}

export interface BalancedPopulationMseResult {
  loss: number;
  gradients: { spk: Gradient; correct_rate: number; incorrect_rate: number };
  diagnostics: OutputHealth;
}

export interface SpikeCountMse extends Layout {
  /** [batch, time, output_neurons] */
  spk: Tensor;
  /** The class of each sample. */
  targets: NumberList;
  /** Divides the number of neurons; each class has as many, one class after the other. */
  num_classes: number;
  /** The target rate of the right class, in spikes per neuron and time step. */
  correct_rate: number;
  /** The target rate of all others. */
  incorrect_rate: number;
  /** What has a target: each neuron (the default), or the total of each class. */
  per?: 'neuron' | 'population';
  /** Sums over time (the default), or these divided by the number of steps. */
  measure?: 'count' | 'rate';
  /** Whether targets are cut to integers. Default false. */
  truncate?: boolean;
  /** Default `'mean'`. */
  reduction?: 'mean' | 'sum';
  /** A factor of the loss. Default 1. */
  weight?: number;
}

export type SpikeCountMseResult = BalancedPopulationMseResult;

export interface SpikeCountCrossEntropy extends Layout {
  /** [batch, time, output_neurons] */
  spk: Tensor;
  /** The class of each sample. */
  targets: NumberList;
  /** Divides the number of neurons; each class has as many, one class after the other. */
  num_classes: number;
  /** Sums over time (the default), or these divided by the number of steps. */
  measure?: 'count' | 'rate';
  /** The share of each label that is spread over all classes. Default 0. */
  label_smoothing?: number;
  /** A number from 0 on for each class. Default 1 each. */
  class_weights?: NumberList;
  /** Default `'mean'`. */
  reduction?: 'mean' | 'sum';
  /** A factor of the loss. Default 1. */
  weight?: number;
}

export interface SpikeCountCrossEntropyResult {
  loss: number;
  gradients: { spk: Gradient };
  diagnostics: OutputHealth & { mean_probability_correct: number };
}

export interface ActivityRegularization extends Layout {
  /** One tensor for each layer, of rank 1 to 8, typically [batch, time, neurons]. */
  spikes_list: readonly Tensor[];
  /** The least activity of each layer; at least one of `lower` and `upper` is needed. */
  lower?: NumberList;
  /** The largest activity of each layer. */
  upper?: NumberList;
  /** The weight of each layer. Default 1 each. */
  weights?: NumberList;
  /** What is judged: the mean of a layer (the default), or each neuron. */
  per?: 'layer' | 'neuron';
  /** Whether activity is averaged over the batch first (the default), or each sample judged alone. */
  samples?: 'mean' | 'each';
  /** Spikes per neuron and time step (the default), or spikes per neuron. */
  measure?: 'rate' | 'count';
  /** Squares of distances to the bounds (the default), or distances. */
  norm?: 'l2' | 'l1';
  /** Over the units of a layer. Default `'mean'`. */
  reduction?: 'mean' | 'sum';
}

export interface ActivityRegularizationResult {
  loss: number;
  /** `lower` and `upper` if they were sent. */
  gradients: { spikes_list: Gradient[]; lower?: number[]; upper?: number[]; weights: number[] };
  /** `below` and `above` are shares of what was judged. */
  diagnostics: {
    layers: (Health & { rate: number; loss: number; below: number; above: number })[];
  };
}

/** The answer of any loss, also of one that this package does not know. */
export interface Result {
  loss: number;
  gradients: Record<string, Gradient | Gradient[] | number | number[]>;
  diagnostics: Record<string, unknown>;
}

/** The same without gradients, as `{gradient: 'none'}` asks for. */
export type WithoutGradients<R> = Omit<R, 'gradients'> & { gradients?: undefined };

/** A loss: its answer has gradients unless the options say, or may say, `{gradient: 'none'}`. */
export interface Loss<Fields, R> {
  (fields: Fields, options?: Options & { gradient?: 'broadcast' }): Promise<R>;
  (fields: Fields, options: Options & { gradient: 'none' }): Promise<WithoutGradients<R>>;
  (fields: Fields, options: Options): Promise<R | WithoutGradients<R>>;
}

/** What the client uses of the answer of `fetch`. */
export interface FetchResponse {
  readonly status: number;
  readonly type?: string;
  readonly headers: { get(name: string): string | null };
  readonly body: {
    getReader(): { read(): Promise<{ done: boolean; /** Bytes. */ value?: any }> };
  } | null;
}

/** What the client uses of `fetch`. */
export type Fetch = (
  url: URL,
  request: {
    method: string;
    headers: Record<string, string>;
    body: string;
    signal: AbortSignal;
    redirect: 'manual';
  },
) => Promise<FetchResponse>;

export interface ClientOptions {
  /** Sent as `Authorization: Bearer …`. Where no URL is given, default `SPIKELOSSD_TOKEN`. */
  token?: string;
  /** Milliseconds that a call may take, its retries included. Default 60,000. */
  timeout?: number;
  /**
   * How often a call is repeated if the connection broke or the service was unavailable (status 502,
   * 503 or 504). Pauses grow from 0.1 s to 5 s and are never shorter than the service asks for. Losses
   * are pure functions, so repeating is always safe. Default 10, which take some 23 s if the service is
   * not there.
   */
  retries?: number;
  /** Used instead of the global `fetch`: for proxies, or client certificates. */
  fetch?: Fetch;
}

/** One client serves any number of calls at once. */
export class Client {
  /**
   * @param url where the service is: `http://127.0.0.1:8080`, a path is kept as a prefix; in Node.js
   *   also `unix:/run/spikelossd.sock`. Default: the environment variable `SPIKELOSSD_URL`, else
   *   `http://127.0.0.1:8080`
   * @throws TypeError if that is no such address, or there is an option of another name
   */
  constructor(url?: string | URL, options?: ClientOptions);

  /** Pulls the mean firing rate of each layer towards its target. */
  firing_rate_target_mse_loss: Loss<FiringRateTargetMseLoss, FiringRateTargetMseLossResult>;

  /** Pulls the spike counts of a population-coded output towards two rates. */
  balanced_population_mse: Loss<BalancedPopulationMse, BalancedPopulationMseResult>;

  /** The same with the choices that libraries have. */
  spike_count_mse: Loss<SpikeCountMse, SpikeCountMseResult>;

  /** Cross entropy of the softmax of what each class has spiked. */
  spike_count_cross_entropy: Loss<SpikeCountCrossEntropy, SpikeCountCrossEntropyResult>;

  /** Keeps the activity of layers or neurons between bounds. */
  activity_regularization: Loss<ActivityRegularization, ActivityRegularizationResult>;

  /** Any loss of the service by its name. Objects with `shape` and `data` are sent as tensors. */
  evaluate(
    loss: string,
    fields: object,
    options?: Options & { gradient?: 'broadcast' },
  ): Promise<Result>;
  evaluate(
    loss: string,
    fields: object,
    options: Options & { gradient: 'none' },
  ): Promise<WithoutGradients<Result>>;
  evaluate(
    loss: string,
    fields: object,
    options: Options,
  ): Promise<Result | WithoutGradients<Result>>;
}

/** The problem document (RFC 9457) of a refused request. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance?: string;
  pointer?: string;
  offset?: number;
}

/** The service answered, but with an error. Its `message` is the service's own. */
export class ProblemError extends Error {
  readonly name: 'ProblemError';
  /** The HTTP status. */
  readonly status: number;
  /** A stable word such as `length_mismatch`; null if something other than the service answered. */
  readonly code: string | null;
  /** What was expected and what came, for people. */
  readonly detail: string;
  /** JSON pointer of the offending value, such as `/spk/0/17`, if there is one. */
  readonly pointer: string | null;
  /** The offending byte of the request's body, if there is one. */
  readonly offset: number | null;
  /** The id of this request in the log of the service. */
  readonly requestId: string | null;
  /** The whole document, if there was one. */
  readonly problem: Problem | null;
}

/**
 * What answered is not spikelossd: a redirect, which is not followed, or a success that is anything but
 * the answer to this request. Its `message` names the URL and the reason.
 */
export class BadAnswerError extends Error {
  readonly name: 'BadAnswerError';
  /** The URL of the loss. */
  readonly url: string;
}

/** The service could not be reached in any attempt. `cause` is the last failure. */
export class ConnectionError extends Error {
  readonly name: 'ConnectionError';
  /** The number of attempts. */
  readonly attempts: number;
}

/**
 * Repeats a small tensor until it has this shape, by NumPy's rule.
 *
 * @throws RangeError if it does not broadcast to it
 */
export function broadcastTo(gradient: Gradient, shape: readonly number[]): Gradient;
