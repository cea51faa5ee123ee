/** The table of cases that the clients in all languages must agree with. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const folder = new URL('../../../tests/golden/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

export const cases = read('cases.json');

/** What other libraries compute: cases, and the spikes that they share, rows of `0` and `1`. */
export const libraries = read('library_cases.json');

export const url = process.env.SPIKELOSSD_URL;
assert(url, 'SPIKELOSSD_URL must say where a spikelossd is');

/** A request with its tensors, which come as nested arrays, as flat ones. */
export function flatten(request) {
  const { spk, spikes_list: layers, ...others } = request;
  return spk ? { spk: flat(spk), ...others } : { spikes_list: layers.map(flat), ...others };
}

function flat(nested) {
  const shape = [];
  for (let level = nested; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
  }
  return { shape, data: Float64Array.from(nested.flat(shape.length)) };
}

/** The same members, the same lengths, and numbers within a relative tolerance. */
export function assertClose(actual, expected, tolerance, place = 'answer') {
  if (typeof expected === 'number') {
    const error = Math.abs(actual - expected);
    assert(error <= tolerance * Math.abs(expected), `${place} is ${actual}, not ${expected}`);
  } else if (typeof expected === 'object') {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), place);
    for (const name of Object.keys(expected)) {
      assertClose(actual[name], expected[name], tolerance, `${place}.${name}`);
    }
  } else {
    assert.equal(actual, expected, place);
  }
}
