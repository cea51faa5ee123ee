/** Answers from JSON text, checked against the request that they belong to. */
import { BadAnswerError } from './errors.js';
import { decodeTensor, product } from './tensor.js';

/** Fields that have a gradient, in every loss that has them. */
const DIFFERENTIABLE = [
  ...['spk', 'correct_rate', 'incorrect_rate'],
  ...['spikes_list', 'offsets', 'multipliers', 'lower', 'upper', 'weights'],
];

/**
 * What was sent, without its values: a number, a tensor, or a list of these.
 *
 * @typedef {number | {shape: readonly number[]} | any[]} Form
 */

/**
 * @param {string} text
 * @param {object} fields
 * @param {string} gradient
 * @param {string} url
 */
export function readAnswer(text, fields, gradient, url) {
  try {
    const answer = JSON.parse(text);
    check(Number.isFinite(answer?.loss), 'it has no loss');
    check(areDiagnostics(answer.diagnostics), 'its diagnostics are missing or not numbers');
    if (gradient === 'none') {
      delete answer.gradients;
    } else {
      answer.gradients = readGradients(answer.gradients, fields);
    }
    return answer;
  } catch (failure) {
    throw new BadAnswerError(url, /** @type {Error} */ (failure).message);
  }
}

/**
 * The most bytes that an answer may have. A gradient is constant along time, a number has at most 24
 * characters, and a layer some 200 of diagnostics.
 *
 * @param {any} fields
 */
export function answerLimit(fields) {
  let limit = 65536;
  for (const [name, value] of Object.entries(fields)) {
    limit += formLimit(formOf(name, value), fields.axes);
  }
  return limit;
}

/**
 * @param {Form} form
 * @param {string | undefined} axes
 * @returns {number}
 */
function formLimit(form, axes) {
  if (Array.isArray(form)) {
    return form.reduce((sum, item) => sum + formLimit(item, axes), 0);
  }
  if (typeof form === 'number') {
    return 32;
  }
  const time = timeAxis(form.shape.length, axes);
  const pairs = product(form.shape.filter((_, axis) => axis !== time));
  return 1024 + (Number.isFinite(pairs) ? 32 * pairs : 0);
}

/**
 * With fewer axes than three, there are no samples; with one, there is no time.
 *
 * @param {number} rank
 * @param {string | undefined} axes
 */
function timeAxis(rank, axes = 'batch_time_neurons') {
  if (rank < 2) {
    return -1;
  }
  if (axes === 'batch_neurons_time') {
    return rank - 1;
  }
  return axes === 'time_batch_neurons' || rank === 2 ? 0 : 1;
}

/**
 * @param {string} name
 * @param {any} value
 * @returns {Form}
 */
function formOf(name, value) {
  if (name === 'spikes_list' && Array.isArray(value)) {
    return value.map((tensor) => ({ shape: shapeOf(tensor) }));
  }
  if (Array.isArray(value) && value.some((item) => item?.shape)) {
    return value.map((item) => formOf('', item));
  }
  const shape = shapeOf(value);
  if (value?.shape || shape.length > 1) {
    return { shape };
  }
  return shape.length === 1 ? Array(shape[0]).fill(0) : 0;
}

/**
 * @param {any} value a tensor, an array or anything else, whose shape is empty
 * @returns {readonly number[]}
 */
function shapeOf(value) {
  if (Array.isArray(value?.shape)) {
    return value.shape;
  }
  const shape = [];
  for (let level = value; Array.isArray(level) || ArrayBuffer.isView(level); ) {
    const list = /** @type {any} */ (level);
    shape.push(list.length);
    level = list[0];
  }
  return shape;
}

/**
 * @param {any} gradients
 * @param {Record<string, any>} fields
 */
function readGradients(gradients, fields) {
  check(isObject(gradients), 'it has no gradients');
  for (const name of DIFFERENTIABLE) {
    const sent = (fields[name] ?? undefined) !== undefined;
    check(!sent || Object.hasOwn(gradients, name), `it has no gradient of ${name}`);
  }
  for (const [name, gradient] of Object.entries(gradients)) {
    const sent = Object.hasOwn(fields, name) && fields[name] !== null;
    const form = sent ? formOf(name, fields[name]) : ownForm(gradient);
    gradients[name] = readGradient(gradient, form, name);
  }
  return gradients;
}

/**
 * Of a gradient of what was not sent: a default, or a member that this version does not know.
 *
 * @param {any} gradient
 * @returns {Form}
 */
function ownForm(gradient) {
  if (Array.isArray(gradient)) {
    return gradient.map(ownForm);
  }
  return isObject(gradient) ? { shape: shapeOf(gradient) } : 0;
}

/**
 * @param {any} gradient
 * @param {Form} form
 * @param {string} name
 * @returns {any}
 */
function readGradient(gradient, form, name) {
  if (typeof form === 'number') {
    check(Number.isFinite(gradient), `the gradient of ${name} is not a number`);
    return gradient;
  }
  if (Array.isArray(form)) {
    const fits = Array.isArray(gradient) && gradient.length === form.length;
    check(fits, `the gradient of ${name} does not have ${form.length} items`);
    return form.map((item, index) => readGradient(gradient[index], item, `${name}[${index}]`));
  }
  check(isObject(gradient), `the gradient of ${name} is not a tensor`);
  return decodeTensor(gradient, form.shape, name);
}

/**
 * Numbers and flags, and lists of objects of these.
 *
 * @param {any} diagnostics
 * @returns {boolean}
 */
function areDiagnostics(diagnostics) {
  return (
    isObject(diagnostics) &&
    Object.values(diagnostics).every(
      (value) =>
        Number.isFinite(value) ||
        typeof value === 'boolean' ||
        (Array.isArray(value) && value.every(areDiagnostics)),
    )
  );
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {boolean} holds
 * @param {string} problem
 */
function check(holds, problem) {
  if (!holds) {
    throw new Error(problem);
  }
}
