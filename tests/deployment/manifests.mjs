// Whether Kubernetes' API has what a manifest names: manifests.mjs MANIFESTS MODULES TYPESCRIPT
//
// Checks every object of a file of MANIFESTS by the schemas of kubernetes-models, in MODULES, and
// writes a program in TYPESCRIPT that compiles only if no object has an unknown member.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , manifests, modules, program] = process.argv;
const load = (name) => import(pathToFileURL(`${modules}/${name}`));
const { parseAllDocuments } = createRequire(`${modules}/`)('yaml');

const lines = [];
for (const document of parseAllDocuments(readFileSync(manifests, 'utf8'))) {
  const object = document.toJS();
  const { kind, apiVersion } = object;
  const path = apiVersion.startsWith('monitoring.coreos.com/')
    ? `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`
    : `kubernetes-models/${apiVersion}/${kind}`;
  const model = (await load(`${path}.js`))[kind];
  new model(object).validate();
  lines.push(`import { type I${kind} } from '${path}';`);
  lines.push(`export const object${lines.length}: I${kind} = ${JSON.stringify(object)};`);
  console.log(`${apiVersion} ${kind} ${object.metadata.name}`);
}
writeFileSync(program, `${lines.join('\n')}\n`);
