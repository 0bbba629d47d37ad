import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { build } from 'esbuild'

/*
 * What a DApp imports must run in a browser: bundled for one, src/index.ts and src/chain-client.ts may reach no Node module. Packages bring
 * their own browser builds, so a Node module that is left over is named with the file that imports it. Whoever bundles also minifies, which
 * renames classes: errors, which are told apart by name, must keep theirs.
 */

for (const [name, entry] of Object.entries({ client: 'index', chain: 'chain-client' })) {
  await check(name, resolve(import.meta.dirname, `../src/${entry}.ts`)).catch((error: unknown) => {
    // esbuild has printed each problem with its place.
    if (error instanceof assert.AssertionError) console.error(error.message)
    process.exitCode = 1
  })
}

async function check(name: string, entry: string): Promise<void> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    minify: true,
    metafile: true,
    outdir: 'out',
    logLevel: 'error',
  })
  const text = outputFiles.map((file) => file.text).join('\n')
  console.log(`${name} bundle for the browser: ${Math.round(Buffer.byteLength(text) / 1024)} KiB minified`)
  keepsNames(
    text,
    Object.values(metafile.outputs).flatMap((output) => output.exports),
  )
}

/** Each error that is exported has its name as a literal field. */
function keepsNames(text: string, exported: readonly string[]): void {
  const errors = exported.filter((name) => name.endsWith('Error') && name !== 'MingaError')
  assert.ok(errors.length > 5, 'expected the bundle to export its errors')
  const nameless = errors.filter((name) => !text.includes(`{name="${name}"`))
  assert.deepEqual(nameless, [], 'these errors have another name in a minified bundle')
}
