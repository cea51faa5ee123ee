export { Client } from './client.js';
export { BadAnswerError, ConnectionError, ProblemError } from './errors.js';
export { broadcastTo } from './tensor.js';
