export { Client } from './client.js';
export { ConnectionError, ProblemError } from './errors.js';
export { broadcastTo } from './tensor.js';
