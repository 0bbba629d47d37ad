import { resolve } from 'node:path'
import { build } from 'esbuild'

/*
 * What a DApp imports must run in a browser: bundled for one, src/index.ts may reach no Node module. Packages bring their own browser
 * builds, so a Node module that is left over is named with the file that imports it.
 */

const entry = resolve(import.meta.dirname, '../src/index.ts')

try {
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
  console.log(`client bundle for the browser: ${Math.round(bytes / 1024)} KiB minified`)
} catch {
  // esbuild has printed each problem with its place.
  process.exitCode = 1
}
