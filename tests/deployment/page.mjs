// What the page at GET / does, in a real Chromium.
//
//     node page.mjs DAEMON FOLDER-WITH-NODE-MODULES [FOLDER-FOR-SCREENSHOTS]
//
// Clicks and types as a person would, and compares what is shown with what the daemon answers to a
// plain request. The last line says "N passed, N failed".

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [program, modules, screenshots] = process.argv.slice(2);
const require = createRequire(`${resolve(modules)}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const TOKEN = 'a-secret-of-this-test-0123456789';
const folder = mkdtempSync(join(tmpdir(), 'page-'));
let passed = 0, failed = 0;

function check(what, holds, shown = '') {
  if (holds) passed++; else failed++;
  console.log(holds ? `ok - ${what}` : `not ok - ${what}: ${typeof shown === 'string' ? shown : JSON.stringify(shown)}`);
}

function startDaemon(...options) {
  const child = spawn(program, ['--listen', '127.0.0.1:0', ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((started) => child.stderr.on('data', (text) => {
    const found = /127\.0\.0\.1:(\d+)/.exec(text);
    if (found) started({ url: `http://127.0.0.1:${found[1]}`, stop: () => new Promise((ended) => { child.on('exit', ended); child.kill(); }) });
  }));
}

async function post(daemon, loss, body) {
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch(`${daemon.url}/v1/losses/${loss}`, { method: 'POST', headers, body })).json();
}

/* A page that is loaded, and what went wrong in it. */
async function open(browser, daemon, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, permissions: ['clipboard-read', 'clipboard-write'], ...options });
  const page = await context.newPage();
  page.faults = [];
  page.foreign = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) page.faults.push(message.text()); });
  page.on('request', (request) => { if (!request.url().startsWith(daemon.url) && !request.url().startsWith('data:')) page.foreign.push(request.url()); });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
  });
  await page.goto(`${daemon.url}/`);
  return page;
}
const ready = (page) => page.waitForFunction(() => document.getElementById('loss').options.length > 1);

/* Runs what is in the editor, and waits for the answer: "answer" or "problem". */
async function run(page) {
  await page.click('#run');
  await page.waitForFunction(() => !document.getElementById('run').disabled && ['answer', 'problem'].some((id) => !document.getElementById(id).hidden));
  return (await page.isVisible('#problem')) ? 'problem' : 'answer';
}
const text = (page, id) => page.textContent(`#${id}`);
const editor = (page) => page.inputValue('#body');
const slide = (page, name, value) => page.fill(`#${name}`, String(value));

/* How many colours a canvas has: one if nothing was drawn. */
const coloursOf = (page, id) => page.evaluate((name) => {
  const canvas = document.getElementById(name);
  const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return new Set(pixels).size;
}, id);

async function everyLossRuns(browser, daemon) {
  const page = await open(browser, daemon);
  await ready(page);
  const losses = (await (await fetch(`${daemon.url}/v1/losses`)).json()).losses;
  check('all losses may be chosen', (await page.locator('#loss option').allTextContents()).join() === losses.map((loss) => loss.name).join());
  for (const { name, example, fields } of losses) {
    await page.selectOption('#loss', name);
    check(`${name}: the editor holds its example`, JSON.stringify(JSON.parse(await editor(page))) === JSON.stringify(example), await editor(page));
    await run(page);
    check(`${name}: shows the loss of its example`, await text(page, 'loss-value') === String((await post(daemon, name, JSON.stringify(example))).loss));
    await slide(page, 'groups', 2);
    await slide(page, 'batch', 5);
    await slide(page, 'steps', 20);
    await slide(page, 'neurons', 6);
    const request = JSON.parse(await editor(page));
    const field = fields.find(({ kind }) => kind.startsWith('spikes'));
    const tensor = field.kind === 'spikes' ? request.spk : request.spikes_list[0];
    const neurons = field.kind === 'spikes' ? 12 : 6;
    check(`${name}: sliders make spikes of that shape`, tensor.length === 5 && tensor[0].length === 20 && tensor[0][0].length === neurons);
    check(`${name}: and they run`, await run(page) === 'answer', await text(page, 'problem-detail'));
    const answer = await post(daemon, name, await editor(page));
    check(`${name}: shows their loss`, await text(page, 'loss-value') === String(answer.loss));
    const spikes = tensor[0].flat().reduce((sum, value) => sum + value, 0);
    check(`${name}: draws all spikes of a sample`, (await page.getAttribute('#raster', 'aria-label')).endsWith(`20 steps, ${spikes} spikes`), await page.getAttribute('#raster', 'aria-label'));
    const gradients = field.kind === 'spikes' ? answer.gradients.spk.data : answer.gradients.spikes_list.flatMap((one) => one.data);
    const largest = Math.max(...gradients.map(Math.abs));
    check(`${name}: the map shows the largest gradient`, Number((await page.getAttribute('#map', 'aria-label')).split(' ').pop()) === Number(largest.toPrecision(6)));
    for (const id of ['raster', 'counts', 'rates', 'map']) check(`${name}: ${id} is drawn`, await coloursOf(page, id) > 1);
  }
  await deadNeuronsAreSilent(page, daemon);
  check('no script failed, the policy was never broken', page.faults.length === 0 && (await page.evaluate(() => window.violations.length)) === 0, page.faults);
  check('nothing was loaded from elsewhere', page.foreign.length === 0, page.foreign);
  await page.context().close();
}

async function deadNeuronsAreSilent(page, daemon) {
  await page.selectOption('#loss', 'balanced_population_mse');
  await slide(page, 'steps', 64);
  await slide(page, 'batch', 16);
  await slide(page, 'rate', 1);
  await slide(page, 'dead', 5);
  const answer = await post(daemon, 'balanced_population_mse', await editor(page));
  check('dead neurons never spike', answer.diagnostics.silent === 5, answer.diagnostics);
  const before = await editor(page);
  await page.click('#other');
  check('other spikes are other ones', await editor(page) !== before);
  await run(page);
  await page.selectOption('#sample', '1');
  check('another sample is drawn when it is chosen', (await page.getAttribute('#raster', 'aria-label')).startsWith('Spikes of sample 1'));
}

async function spellingsLookTheSame(browser, daemon) {
  const page = await open(browser, daemon);
  await ready(page);
  await page.selectOption('#loss', 'balanced_population_mse');
  const values = [1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0];
  const base64 = (array) => Buffer.from(array.buffer).toString('base64');
  const shape = [1, 3, 4];
  const spellings = {
    nested: [[values.slice(0, 4), values.slice(4, 8), values.slice(8)]],
    flat: { shape, data: values },
    bits: { shape, encoding: 'bits', data: Buffer.from([0b10011100, 0b10000000]).toString('base64') },
    u8: { shape, encoding: 'u8', data: base64(Uint8Array.from(values)) },
    f32: { shape, encoding: 'f32', data: base64(Float32Array.from(values)) },
    f64: { shape, encoding: 'f64', data: base64(Float64Array.from(values)) },
    coo: { shape, encoding: 'coo', data: values.map((value, i) => [0, Math.floor(i / 4), i % 4, value]).filter((one) => one[3]).map((one) => one.slice(0, 3)) },
  };
  const drawn = {};
  for (const [name, spk] of Object.entries(spellings)) {
    for (const extra of [{}, { gradient: 'broadcast', gradient_encoding: 'f64' }]) {
      await page.fill('#body', JSON.stringify({ spk, targets: [1], num_classes: 2, neurons_per_class: 2, correct_rate: 0.75, incorrect_rate: 0.125, ...extra }));
      await run(page);
      drawn[name + JSON.stringify(extra)] = await page.evaluate(() => ['raster', 'counts', 'rates', 'map'].map((id) => document.getElementById(id).toDataURL()).join());
    }
  }
  check('a tensor looks the same in every spelling, its gradient in every encoding', new Set(Object.values(drawn)).size === 1, Object.keys(drawn));
  const indexed = await page.evaluate(() => readTensor({ shape: [1, 1, 4], encoding: 'indexed_f32', table: 'AAAAPwAAgL4=', data: 'AAEBAA==' }).data.join());
  check('an indexed gradient is read as its values', indexed === '0.5,-0.25,-0.25,0.5', indexed);
  check('no script failed while reading them', page.faults.length === 0, page.faults);
  await page.context().close();
}

/* Replaces the body, runs it, and returns what is marked. */
async function marked(page, body) {
  await page.fill('#body', body);
  check('a wrong request is refused', await run(page) === 'problem', body);
  return page.evaluate(() => (document.querySelector('#marks mark') || { textContent: null }).textContent);
}

async function errorsAreMarked(browser, daemon) {
  const page = await open(browser, daemon);
  await ready(page);
  await page.selectOption('#loss', 'balanced_population_mse');
  const good = await editor(page);
  check('a value that is not finite is marked', await marked(page, good.replace('1,1,0,0', '1,NaN,0,0')) === 'NaN');
  check('the code is shown', (await text(page, 'problem-code')) === '422 not_finite');
  check('and the detail, as the server wrote it', (await text(page, 'problem-detail')).includes('NaN'));
  check('and where it is', (await text(page, 'problem-where')).startsWith('at /spk/0/1/1, byte '), await text(page, 'problem-where'));
  await page.click('#show-error');
  check('it can be selected', await page.evaluate(() => { const area = document.activeElement; return area.value.slice(area.selectionStart, area.selectionEnd); }) === 'NaN');
  await page.keyboard.type('0');
  check('typing takes the mark away', await page.isHidden('#problem') && await page.locator('#marks mark').count() === 0);
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('#answer:not([hidden])');
  check('Ctrl+Enter runs what is in the editor', await page.isHidden('#problem'));
  check('an unknown member is marked', await marked(page, good.replace('"targets"', '"labels"')) === '"labels"');
  check('a member that is missing is marked at the end', await marked(page, good.replace(/,\n {2}"correct_rate": 0.75/, '')) === '}');
  check('a value without an offset is marked by its pointer', await marked(page, good.replace('"targets": [0]', '"targets": [0, 1]')) === '[0, 1]', await text(page, 'problem-where'));
  check('a body that ends early is marked at its end', await marked(page, good.slice(0, 20)) === ' ');
  const base64 = await marked(page, '{"spk": {"shape": [1, 1, 8], "encoding": "bits", "data": "_w=="}, "targets": [0]}');
  check('one character of base64 is marked', base64 === '_', base64);
  await page.fill('#body', `{${'\n'.repeat(200)}${' '.repeat(400)}x`);
  await run(page);
  check('the editor scrolls to what is wrong', await page.evaluate(() => document.getElementById('body').scrollTop > 1000 && document.getElementById('body').scrollLeft > 500));
  const bytes = await page.evaluate(() => { const body = '{"é😀": nope}'; const [start, end] = tokenAt(body, 11, 'not_json'); return body.slice(start, end); });
  check('offsets count bytes, not characters', bytes === 'nope', bytes);
  const found = await page.evaluate(() => ['/a/1/b', '/a~1b', '/a/0', '/none', '/a/7', '/last'].map((pointer) => {
    const body = '{"a": [ "x]", {"b": [1, [2]]}], "a/b" : -1.5e3 , "last":"q\\"}"}';
    const range = locate(body, pointer);
    return range && body.slice(...range);
  }));
  check('pointers find their values', JSON.stringify(found) === JSON.stringify(['[1, [2]]', '-1.5e3', '"x]"', null, null, '"q\\"}"']), found);
  check('no script failed, the policy was never broken', page.faults.length === 0 && (await page.evaluate(() => window.violations.length)) === 0, page.faults);
  await page.context().close();
}

/* What a program that was copied prints; null where this machine cannot run it. */
function runProgram(language, source) {
  const file = (name) => { const path = join(folder, name); writeFileSync(path, source); return path; };
  const execute = (command, args) => execFileSync(command, args, { encoding: 'utf8', env: { ...process.env, TOKEN, NO_PROXY: '*', no_proxy: '*', GOCACHE: join(folder, 'go') }, stdio: ['ignore', 'pipe', 'pipe'] });
  const has = (command, ...args) => { try { execFileSync(command, args, { stdio: 'ignore' }); return true; } catch { return false; } };
  switch (language) {
    case 'curl': return execute('sh', [file('program.sh')]);
    case 'Python': return execute('python3', [file('program.py')]);
    case 'JavaScript': return execute('node', [file('program.js')]);
    case 'C': execute('cc', ['-Wall', '-Wextra', '-Werror', '-o', join(folder, 'program'), file('program.c'), '-lcurl']); return execute(join(folder, 'program'), []);
    case 'Go': return has('go', 'version') ? execute('go', ['run', file('program.go')]) : null;
    case 'R': return has('Rscript', '-e', 'library(curl); library(jsonlite)') ? execute('Rscript', [file('program.R')]) : null;
    default: throw new Error(language);
  }
}

async function copied(page, language) {
  await page.selectOption('#language', language);
  await page.click('#copy');
  await page.waitForFunction(() => document.getElementById('copied').textContent.startsWith('Copied'));
  return page.evaluate(() => navigator.clipboard.readText());
}
const LANGUAGES = ['curl', 'Python', 'JavaScript', 'R', 'Go', 'C'];

async function copiedProgramsWork(browser, daemon) {
  const page = await open(browser, daemon);
  await ready(page);
  await page.selectOption('#loss', 'spike_count_cross_entropy');
  await slide(page, 'steps', 10);
  await run(page);
  const loss = await text(page, 'loss-value');
  for (const language of LANGUAGES) {
    const source = await copied(page, language);
    check(`${language} is copied whole`, source.includes('/v1/losses/spike_count_cross_entropy') && !source.includes('TOKEN'));
    const printed = runProgram(language, source);
    if (printed === null) { console.log(`# ${language} is not installed: its program did not run`); continue; }
    check(`the ${language} program prints the loss`, printed.includes(loss.slice(0, 15)), printed.slice(0, 200));
  }
  await page.click('#program-box summary');
  await page.waitForFunction(() => document.getElementById('program').textContent.includes('curl_easy_perform'));
  await nastyBodiesArriveWhole(page);
  await page.context().close();
}

/* A server that says which bytes it got. */
async function nastyBodiesArriveWhole(page) {
  let got = null;
  const server = createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => { got = Buffer.concat(pieces).toString(); response.end('{"loss": 1}'); });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const bodies = ['{"a": "it\'s \\" \\\\ \\u00e9 é 😀 $HOME `id` ${x} %s ??/ ??\' """"}\n\n', '`"""${}\')---"\t\\', '"', "r'\\"];
  for (const language of LANGUAGES) {
    for (const body of bodies) {
      const source = await page.evaluate(([name, address, bytes]) => LANGUAGES[name]({ url: address, body: bytes, token: false }), [language, url, body]);
      got = null;
      const name = join(folder, `nasty.${language}`);
      writeFileSync(name, source);
      const outcome = await new Promise((done) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', `import {execFileSync} from 'node:child_process'; ${RUNNER}`, language, name, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
        let said = '';
        child.stdout.on('data', (piece) => { said += piece; });
        child.stderr.on('data', (piece) => { said += piece; });
        child.on('exit', (code) => done({ code, said }));
      });
      if (outcome.code === 3) continue; /* not installed */
      check(`${language} sends exactly these bytes: ${JSON.stringify(body)}`, got === body, `${JSON.stringify(got)} ${outcome.said.slice(0, 300)}`);
    }
  }
  server.close();
}

/* In a process of its own, so that the server above can answer. */
const RUNNER = `
import {copyFileSync} from 'node:fs';
const [language, file, folder] = process.argv.slice(1);
const run = (command, ...args) => execFileSync(command, args, {stdio: 'inherit', env: {...process.env, no_proxy: '*', GOCACHE: folder + '/go'}});
const has = (command, ...args) => { try { execFileSync(command, args, {stdio: 'ignore'}); return true; } catch { return false; } };
const as = (name) => { copyFileSync(file, folder + '/' + name); return folder + '/' + name; };
if (language === 'curl') run('sh', file);
else if (language === 'Python') run('python3', file);
else if (language === 'JavaScript') run('node', as('nasty.js'));
else if (language === 'C') { run('cc', '-std=c17', '-Wall', '-Wextra', '-o', folder + '/nasty', as('nasty.c'), '-lcurl'); run(folder + '/nasty'); }
else if (language === 'Go' && has('go', 'version')) run('go', 'run', as('nasty.go'));
else if (language === 'R' && has('Rscript', '-e', 'library(curl); library(jsonlite)')) run('Rscript', as('nasty.R'));
else process.exit(3);
`;

async function tokensStayInMemory(browser) {
  const path = join(folder, 'tokens');
  writeFileSync(path, `tester ${TOKEN}\n`, { mode: 0o600 });
  const daemon = await startDaemon('--token-file', path);
  const page = await open(browser, daemon);
  await page.waitForSelector('#access:not([hidden])');
  check('the page says that a token is wanted', (await text(page, 'access-detail')).includes('wants a token'));
  await page.fill('#token', 'not-the-token-of-this-server-at-all');
  await page.click('#use-token');
  await page.waitForFunction(() => document.getElementById('access-detail').textContent.includes('refused'));
  check('a wrong token is said to be refused', await page.isVisible('#access'));
  await page.fill('#token', TOKEN);
  await page.press('#token', 'Enter');
  await ready(page);
  check('with the right one the field goes away', await page.isHidden('#access'));
  await page.selectOption('#loss', 'balanced_population_mse');
  check('and requests are answered', await run(page) === 'answer');
  for (const language of LANGUAGES) {
    const source = await copied(page, language);
    check(`${language} takes the token from the environment`, source.includes('TOKEN') && !source.includes(TOKEN));
    const printed = runProgram(language, source);
    if (printed !== null) check(`the ${language} program with a token works`, /\d/.test(printed) && !printed.includes('token_'), printed);
  }
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie, location.href]);
  check('the token is kept nowhere', kept[0] === 0 && kept[1] === 0 && kept[2] === '' && !kept[3].includes(TOKEN), kept);
  await page.reload();
  await page.waitForSelector('#access:not([hidden])');
  check('after a reload it is gone', await page.inputValue('#token') === '');
  check('no script failed, the policy was never broken', page.faults.length === 0 && (await page.evaluate(() => window.violations.length)) === 0, page.faults);
  await page.context().close();
  await daemon.stop();
}

async function thePolicyIsInForce(browser, daemon) {
  const page = await open(browser, daemon);
  await ready(page);
  const said = await page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    const span = document.createElement('span');
    span.setAttribute('style', 'color: red');
    const fetched = await fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused');
    await new Promise((done) => { setTimeout(done, 0); });
    return { ran: window.ran === true, fetched, violations: window.violations };
  });
  check('a script that is not the page\'s own does not run', !said.ran && said.violations.some((what) => what.startsWith('script-src')), said);
  check('nor a style', said.violations.some((what) => what.startsWith('style-src')), said);
  check('nor a request to another server', said.fetched === 'refused' && said.violations.includes('connect-src'), said);
  await page.context().close();
}

async function itIsAccessible(browser, daemon) {
  const looks = { light: {}, dark: { colorScheme: 'dark' }, phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } };
  const papers = {};
  for (const [name, options] of Object.entries(looks)) {
    const page = await open(browser, daemon, options);
    await ready(page);
    for (const loss of ['firing_rate_target_mse_loss', 'balanced_population_mse']) {
      await page.selectOption('#loss', loss);
      await slide(page, 'batch', 3);
      await run(page);
      await page.click('#program-box summary');
      await noAxeFindings(page, `${name}, ${loss}`);
    }
    await page.fill('#body', '{"spk": [[[1, tensor(]]]}');
    await run(page);
    await noAxeFindings(page, `${name}, an error`);
    check(`${name}: nothing is wider than the screen`, await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    papers[name] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.context().close();
  }
  check('dark is dark, light is light', papers.dark !== papers.light && papers.phone === papers.light, papers);
}

async function noAxeFindings(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  check(`axe finds nothing: ${where}`, violations.length === 0, violations.map((one) => `${one.impact} ${one.id}: ${one.nodes.map((node) => node.html).join(' ').slice(0, 200)}`));
}

async function theKeyboardIsEnough(browser, daemon) {
  const page = await open(browser, daemon);
  await ready(page);
  const seen = [];
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab');
    seen.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.textContent));
    if (seen.at(-1) === 'run') break;
  }
  const wanted = ['skip', 'loss', 'batch', 'steps', 'groups', 'neurons', 'rate', 'dead', 'other', 'example', 'body', 'run'];
  check('Tab leads through everything to Run', wanted.every((id) => seen.includes(id)), seen);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#answer:not([hidden])');
  check('and Enter runs it', await page.isVisible('#loss-value'));
  await page.focus('#batch');
  const before = await editor(page);
  await page.keyboard.press('ArrowRight');
  check('arrows move a slider', await editor(page) !== before);
  await page.context().close();
}

async function whatIsGoingOnIsShown(browser, daemon) {
  const page = await open(browser, daemon);
  await ready(page);
  await page.selectOption('#loss', 'balanced_population_mse');
  await page.waitForFunction(() => document.getElementById('state').textContent.startsWith('Read'));
  for (let i = 0; i < 5; i++) await run(page);
  await page.fill('#body', '{"spk": 1e999}');
  await run(page);
  await page.waitForFunction(() => Number(document.getElementById('m-requests').textContent) > 0
    && /computing\D*[\d.]+ [mµ]?s/.test(document.getElementById('durations').textContent)
    && document.getElementById('errors').textContent.includes('status 4'));
  check('requests, durations and errors are shown', true);
  const server = await text(page, 'server');
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  const [, version, isa] = /version="([^"]+)",isa="([^"]+)"/.exec(metrics);
  check('version and instruction set are shown', server.includes(version) && server.includes(isa) && (await text(page, 'build')).includes(version));
  check('the limits are shown', server.includes('limit body_bytes1 GiB') && server.includes('limit pairs16,777,216'), server);
  for (const id of ['g-requests', 'g-compute', 'g-flight', 'g-memory']) check(`${id} is drawn`, await coloursOf(page, id) > 1);
  const quantiles = await page.evaluate(() => [
    quantile([[1, 0], [2, 0], [Infinity, 0]], [[1, 50], [2, 100], [Infinity, 100]], 0.5),
    quantile([[1, 50], [2, 100], [Infinity, 100]], [[1, 50], [2, 110], [Infinity, 110]], 0.99),
    quantile([[1, 0], [Infinity, 0]], [[1, 0], [Infinity, 9]], 0.5), quantile([[1, 3], [Infinity, 3]], [[1, 3], [Infinity, 3]], 0.5)]);
  check('quantiles are of what came in between', quantiles[0] === 1 && Math.abs(quantiles[1] - 1.99) < 1e-12 && quantiles[2] === Infinity && Number.isNaN(quantiles[3]), quantiles);
  await page.context().close();
}

async function aServerThatIsGoneIsSaidToBe(browser) {
  const daemon = await startDaemon();
  const page = await open(browser, daemon);
  await ready(page);
  await daemon.stop();
  check('a server that is gone is an error in words', await run(page) === 'problem' && (await text(page, 'problem-detail')).includes('could not be reached'));
  await page.waitForFunction(() => document.getElementById('state').textContent.includes('could not be reached'));
  check('no script failed', page.faults.length === 0, page.faults);
  await page.context().close();
}

async function takeScreenshots(browser, daemon) {
  const page = await open(browser, daemon, { viewport: { width: 1180, height: 1290 } });
  await ready(page);
  await page.selectOption('#loss', 'balanced_population_mse');
  await slide(page, 'batch', 8);
  await run(page);
  await page.mouse.move(0, 0);
  await page.evaluate(() => { document.activeElement.blur(); window.scrollTo(0, 0); });
  await page.screenshot({ path: join(screenshots, 'page_run.png') });
  await page.fill('#body', (await editor(page)).replace(/((?:\[[01,]+\],\s+){6}\[[01,]{8})[01]/, '$1NaN'));
  await run(page);
  await page.evaluate(() => { document.activeElement.blur(); window.scrollTo(0, 0); });
  const top = (await page.locator('label[for=body]').boundingBox()).y - 8;
  const bottom = (await page.locator('#body-help').boundingBox()).y + 36;
  await page.screenshot({ path: join(screenshots, 'page_error.png'), clip: { x: 0, y: top, width: 600, height: bottom - top } });
  await page.context().close();
}

const daemon = await startDaemon();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  if (screenshots) {
    await takeScreenshots(browser, daemon);
  } else {
    for (const part of [everyLossRuns, spellingsLookTheSame, errorsAreMarked, copiedProgramsWork, tokensStayInMemory, thePolicyIsInForce, itIsAccessible, theKeyboardIsEnough, whatIsGoingOnIsShown, aServerThatIsGoneIsSaidToBe]) {
      await part(browser, daemon).catch((error) => check(part.name, false, error.stack));
    }
  }
} finally {
  await browser.close();
  await daemon.stop();
  rmSync(folder, { recursive: true, force: true });
}
if (!screenshots) console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || (passed === 0 && !screenshots) ? 1 : 0;
