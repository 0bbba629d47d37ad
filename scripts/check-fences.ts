import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'

/*
 * Who may import whom (docs/ARCHITECTURE.md), as one table. Biome's noRestrictedImports knows only forbidden specifiers, and a later
 * override replaces an earlier one; a rule of this house names what is *allowed*, so that a new folder is fenced from its first file.
 */

/** What the inner layers are to everything around them. */
const INNER = ['errors.ts', 'log.ts', 'ports.ts', 'abortable.ts', 'job/', 'protocol/']

/** The folders (or single files) of src that each may import, itself always; `*` is everything. The first match counts. */
const LAYERS: readonly (readonly [who: string, mayImport: readonly string[]])[] = [
  ['errors.ts', []],
  ['abortable.ts', []],
  ['log.ts', []],
  ['log-node.ts', ['log.ts']],
  ['ports.ts', ['ports/']],
  ['ports/', []],
  ['hidden-url.ts', []],
  ['clock.ts', ['ports.ts']],
  ['directories-node.ts', []],
  ['plain-file-node.ts', []],
  ['level-node.ts', ['errors.ts', 'log.ts']],
  ['launcher.ts', ['errors.ts']],
  ['config.ts', ['errors.ts', 'hidden-url.ts', 'config/']],
  ['config/', ['errors.ts', 'hidden-url.ts']],
  ['pictures/', ['errors.ts']],
  // Of the ports the domain uses types alone; the ABI's words are what it and the device must agree on.
  ['job/', ['errors.ts', 'ports.ts']],
  ['protocol/', ['errors.ts', 'ports.ts', 'directories-node.ts', 'plain-file-node.ts', 'job/']],
  ['roles/', INNER],
  // Adapters: each sees the inner layers and none of its neighbours.
  ['network/', [...INNER, 'clock.ts', 'directories-node.ts', 'plain-file-node.ts']],
  ['replica/', [...INNER, 'clock.ts', 'level-node.ts']],
  ['storage/', [...INNER, 'clock.ts', 'directories-node.ts', 'level-node.ts']],
  ['compute/', [...INNER, 'clock.ts', 'directories-node.ts']],
  ['chain/', [...INNER, 'clock.ts', 'directories-node.ts', 'plain-file-node.ts', 'hidden-url.ts']],
  ['proof/', [...INNER, 'clock.ts', 'plain-file-node.ts']],
  // Where things are put together. The command line reaches the core only through what it loads in cli/core.ts.
  ['client/web.ts', ['*']],
  ['client/', [...INNER, 'roles/']],
  ['node/', ['*']],
  ['index.ts', ['*']],
  ['chain-client.ts', ['*']],
  ['peer-main.ts', ['*']],
  ['cli-client.ts', ['*']],
  ['cli/core.ts', ['*']],
  [
    'cli/',
    [
      'errors.ts',
      'log.ts',
      'log-node.ts',
      'directories-node.ts',
      'plain-file-node.ts',
      'ports.ts',
      'launcher.ts',
      'config.ts',
      'config/',
      'job/',
      'pictures/',
    ],
  ],
  ['demo/', ['*']],
  ['cli.ts', ['launcher.ts', 'cli/main.ts']],
  ['peer.ts', ['launcher.ts', 'cli/main.ts']],
]

/** The only folder or file that may import a package with such a name. */
const VENDORS: readonly (readonly [packages: RegExp, owner: string])[] = [
  [/^(libp2p|@libp2p\/.*|@multiformats\/multiaddr.*)$/, 'network/'],
  [/^(yjs|lib0)(\/.*)?$/, 'replica/'],
  [/^(helia|@helia\/.*|@ipld\/.*|blockstore-.*|ipfs-.*)$/, 'storage/'],
  [/^(webgpu|@sparticuz\/.*)$/, 'compute/'],
  [/^(ethers|@foundry-rs\/.*)(\/.*)?$/, 'chain/'],
  // GPL: only the prover's child process loads them, never the library.
  [/^(snarkjs|ffjavascript|circom2|circomlib)(\/.*)?$/, 'proof/'],
  [/^(pngjs|jpeg-js)$/, 'pictures/'],
  [/^commander$/, 'cli/'],
  [/^pino(-pretty)?$/, 'log-node.ts'],
]

/** Pure, or at least at home in a browser: no Node modules, but in files named `…-node.ts`, which only Node's side imports. */
const PURE = [...INNER, 'roles/', 'client/']

/** Composition roots: nobody imports them statically. */
const ROOTS = ['peer-main.ts', 'peer.ts', 'cli.ts']

export interface Breach {
  /** Relative to src. */
  file: string
  specifier: string
  why: string
}

/** Everything in the folder `src` that imports what it may not. */
export function findBreaches(src: string): Breach[] {
  return globSync('**/*.ts', { cwd: src }).flatMap((path) => {
    const file = path.split(sep).join('/')
    return importsOf(readFileSync(join(src, path), 'utf8')).flatMap(({ specifier, dynamic }) => {
      const why = specifier.startsWith('.')
        ? judgeOwn(
            file,
            relative(src, resolve(src, dirname(path), specifier))
              .split(sep)
              .join('/'),
            dynamic,
          )
        : judgePackage(file, specifier)
      return why === undefined ? [] : [{ file, specifier, why }]
    })
  })
}

function judgeOwn(file: string, target: string, dynamic: boolean): string | undefined {
  if (ROOTS.includes(target) && !dynamic) return `${target} is a composition root: nobody imports it`
  const [who, mayImport] = LAYERS.find(([layer]) => isIn(file, layer)) ?? [undefined, undefined]
  if (who === undefined) return `${file} has no layer: give it one in scripts/check-fences.ts`
  if (isIn(target, who) || mayImport!.some((layer) => layer === '*' || isIn(target, layer))) return undefined
  return `${who} may import ${mayImport!.length === 0 ? 'nothing of ours' : mayImport!.join(', ')}`
}

function judgePackage(file: string, specifier: string): string | undefined {
  const isBuiltin = specifier.startsWith('node:') || builtinModules.includes(specifier)
  if (isBuiltin) return PURE.some((layer) => isIn(file, layer)) && !file.endsWith('-node.ts') ? 'it must run in a browser too' : undefined
  const owner = VENDORS.find(([packages]) => packages.test(specifier))?.[1]
  return owner === undefined || isIn(file, owner) ? undefined : `only ${owner} may import it`
}

function isIn(file: string, layer: string): boolean {
  return layer.endsWith('/') ? file.startsWith(layer) : file === layer
}

/** Specifiers of imports and re-exports, dynamic ones with a literal too. A string that looks like one would be a false alarm, no miss. */
function importsOf(source: string): { specifier: string; dynamic: boolean }[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const found = code.matchAll(/^\s*(?:import|export)\b[^'"`;=()]*?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/gm)
  return [...found].map(([, fixed, dynamic]) => ({ specifier: (fixed ?? dynamic)!, dynamic: fixed === undefined }))
}

if (import.meta.main) {
  const breaches = findBreaches(resolve(import.meta.dirname, '../src'))
  for (const { file, specifier, why } of breaches) console.error(`src/${file}: imports ${specifier}, but ${why}`)
  process.exitCode = breaches.length === 0 ? 0 : 1
}
