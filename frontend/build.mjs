// Bundles src/*.ts into kg/pages/static/dist with hashed names and a manifest {name: file};
// with --tests, bundles test/*.ts into out/ for `node --test`.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const tests = process.argv.includes("--tests");
const from = `${here}/${tests ? "test" : "src"}`;
const to = tests ? `${here}/out` : `${here}/../kg/pages/static/dist`;
const sources = readdirSync(from).filter((name) => name.endsWith(".ts"));

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
const { metafile } = await build({
  entryPoints: sources.map((name) => `${from}/${name}`),
  outdir: to,
  entryNames: tests ? "[name]" : "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  outExtension: { ".js": tests ? ".mjs" : ".js" },
  bundle: true,
  splitting: !tests,
  format: "esm",
  target: "es2022",
  platform: tests ? "node" : "browser",
  minify: !tests,
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

if (!tests) {
  const manifest = {};
  for (const [file, output] of Object.entries(metafile.outputs)) {
    if (output.entryPoint) manifest[basename(output.entryPoint, ".ts")] = basename(file);
  }
  writeFileSync(`${to}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
}
