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

/** `data` holds the product of `shape` values in row-major order. It is only read. */
export interface FlatTensor {
  readonly shape: readonly number[];
  readonly data: Numbers;
}

/** One level for each dimension. Convenient; for large tensors `FlatTensor` is faster. */
export type NestedTensor = readonly (number | NestedTensor)[];

/**
 * Spikes: tensors of ones and zeros are sent as single bits, others as exact floating-point numbers:
 * `Float32Array` and integers of up to 16 bits in 4 bytes a value, all others in 8.
 */
export type Tensor = FlatTensor | NestedTensor;

/** A list of numbers, such as offsets or class labels. */
export type NumberList = Numbers | BigInt64Array | BigUint64Array;

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
  /** The type of the gradients of tensors: `'f64'` (the default) or `'f32'`. */
  gradient_encoding?: 'f64' | 'f32';
  /** Gives up waiting: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/** Figures about a layer or the output. */
export interface Health {
  neurons: number;
  /** Neurons that never fired. */
  silent: number;
  /** Neurons that fired at every step of every sample. */
  saturated: number;
  /** Whether all values were 0 or 1. */
  binary: boolean;
}

export interface FiringRateTargetMseLoss {
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

export interface BalancedPopulationMse {
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

export interface BalancedPopulationMseResult {
  loss: number;
  gradients: { spk: Gradient; correct_rate: number; incorrect_rate: number };
  diagnostics: Health & {
    /** The share of samples whose right population fired most. */
    accuracy: number;
    /** Samples in which two classes fired most; the lowest class wins. */
    ties: number;
    mean_rate_correct: number;
    mean_rate_incorrect: number;
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

type None = Options & { gradient: 'none' };

export interface ClientOptions {
  /** Sent as `Authorization: Bearer …`. */
  token?: string;
  /** Milliseconds that a call may take, its retries included. Default 60,000. */
  timeout?: number;
  /**
   * How often a call is repeated if the connection broke or the service was unavailable (status 502,
   * 503 or 504). Pauses grow from 0.1 s to 5 s and are never shorter than the service asks for. Losses
   * are pure functions, so repeating is always safe. Default 10.
   */
  retries?: number;
  /** Used instead of the global `fetch`: for Unix sockets, proxies, or client certificates. */
  fetch?: typeof fetch;
}

/** One client serves any number of calls at once. */
export class Client {
  /**
   * @param url where the service is, such as `http://127.0.0.1:8080`; a path is kept as a prefix
   */
  constructor(url: string | URL, options?: ClientOptions);

  /** Pulls the mean firing rate of each layer towards its target. */
  firing_rate_target_mse_loss(
    fields: FiringRateTargetMseLoss,
    options: None,
  ): Promise<WithoutGradients<FiringRateTargetMseLossResult>>;
  firing_rate_target_mse_loss(
    fields: FiringRateTargetMseLoss,
    options?: Options,
  ): Promise<FiringRateTargetMseLossResult>;

  /** Pulls the spike counts of a population-coded output towards two rates. */
  balanced_population_mse(
    fields: BalancedPopulationMse,
    options: None,
  ): Promise<WithoutGradients<BalancedPopulationMseResult>>;
  balanced_population_mse(
    fields: BalancedPopulationMse,
    options?: Options,
  ): Promise<BalancedPopulationMseResult>;

  /** Any loss of the service by its name. Objects with `shape` and `data` are sent as tensors. */
  evaluate(loss: string, fields: object, options: None): Promise<WithoutGradients<Result>>;
  evaluate(loss: string, fields: object, options?: Options): Promise<Result>;
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
