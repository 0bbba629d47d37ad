import { resolve } from 'node:path'
import { build } from 'esbuild'

/*
 * What a DApp imports must run in a browser: bundled for one, src/index.ts and src/chain-client.ts may reach no Node module. Packages bring
 * their own browser builds, so a Node module that is left over is named with the file that imports it.
 */

for (const [name, entry] of Object.entries({ client: 'index', chain: 'chain-client' })) {
  await bundle(name, resolve(import.meta.dirname, `../src/${entry}.ts`)).catch(() => {
    // esbuild has printed each problem with its place.
    process.exitCode = 1
  })
}

async function bundle(name: string, entry: string): Promise<void> {
  const { metafile } = await build({
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
  const bytes = Object.values(metafile.outputs).reduce((total, output) => total + output.bytes, 0)
  console.log(`${name} bundle for the browser: ${Math.round(bytes / 1024)} KiB minified`)
}
