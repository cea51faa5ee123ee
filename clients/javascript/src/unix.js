/**
 * A `fetch` for a Unix socket, which that of Node.js cannot reach: what the client uses of it, on the
 * HTTP client of Node.js. Connections are kept from call to call.
 *
 * @param {string} path of the socket
 * @returns {import('./index').Fetch}
 */
export function unixFetch(path) {
  /** @type {any} */
  let agent;
  return async (url, { method, headers, body, signal }) => {
    const [http, { Readable }] = await Promise.all([load('node:http'), load('node:stream')]);
    agent ??= new http.Agent({ keepAlive: true });
    return new Promise((resolve, reject) => {
      const options = { socketPath: path, agent, method, headers, signal };
      const request = http.request(url, options, (/** @type {any} */ answer) => {
        const { statusCode: status, headers } = answer;
        resolve({ status, headers: new Headers(headers), body: Readable.toWeb(answer) });
      });
      request.on('error', reject);
      request.end(body);
    });
  };
}

/**
 * Browsers have no such modules, and their bundlers shall not look for them.
 *
 * @param {string} name
 * @returns {Promise<any>}
 */
function load(name) {
  return import(name);
}
