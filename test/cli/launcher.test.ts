import assert from 'node:assert/strict'
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { findOurNode, isNodeSupported } from '../../src/launcher.ts'
import { cleanEnv, ended, printed } from './run.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** A Node of this machine that is too old for Minga, as on many servers; undefined where there is none. */
function findOldNode(): string | undefined {
  const folders = ['/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(':')]
  return folders
    .map((folder) => join(folder, 'node'))
    .find((path) => {
      const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout
      return version && !isNodeSupported(version.trim())
    })
}

const oldNode = findOldNode()
const ourNode = findOurNode(import.meta.url)
const skip = oldNode === undefined ? 'no old Node on this machine' : ourNode === undefined ? 'npm brought no Node here' : false

describe('the version of Node', () => {
  it('must be 22.18 or newer', () => {
    for (const version of ['22.18.0', 'v22.19.1', '23.0.0', 'v24.21.0', '100.0.0']) assert.ok(isNodeSupported(version), version)
    for (const version of ['v20.20.2', '22.17.9', '18.0.0', '', 'nonsense']) assert.ok(!isNodeSupported(version), version)
  })

  it('finds no Node of ours for a platform that npm brought none for', () => {
    assert.equal(findOurNode(import.meta.url, 'plan9', 'mips'), undefined)
    assert.equal(findOurNode(pathToFileURL('/nonexistent/dist/cli.js').href), undefined)
  })
})

/** Stands for the program proper: says how it was started, and that a signal came; ends with the second. */
const PROGRAM = `
export async function main(argv) {
  if (argv[0] === 'exit') process.exit(Number(argv[1]))
  if (argv[0] === 'die') return process.kill(process.pid, argv[1])
  let signals = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => { console.log('got ' + name); if (++signals === 2) process.exit(130) })
  }
  setInterval(() => {}, 1000)
  console.log(JSON.stringify({ version: process.versions.node, pid: process.pid, argv, execArgv: process.execArgv }))
  process.stdin.on('data', (text) => console.log('read ' + text))
}
`

describe('under an older Node', { skip }, () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-launcher-'))
    await mkdir(join(folder, 'src/cli'), { recursive: true })
    for (const file of ['launcher.ts', 'errors.ts', 'cli.ts', 'peer.ts']) await cp(join(ROOT, 'src', file), join(folder, 'src', file))
    await writeFile(join(folder, 'src/cli/main.ts'), 'export async function main(_argv: readonly string[]): Promise<void> {}')
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    const compilerOptions = {
      noEmit: false,
      rootDir: 'src',
      outDir: 'dist',
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['src'] }),
    )
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const built = spawnSync(process.execPath, [join(ROOT, 'node_modules/.bin/tsc'), '-p', folder], { encoding: 'utf8' })
    assert.equal(built.stdout, '')
    await writeFile(join(folder, 'dist/cli/main.js'), PROGRAM)
  })
  const started: ChildProcess[] = []
  after(async () => {
    for (const child of started) child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  const start = (args: readonly string[], options: SpawnOptions = {}) => {
    const child = spawn(oldNode!, [...args], { env: cleanEnv, cwd: folder, stdio: ['pipe', 'pipe', 'pipe'], ...options })
    started.push(child)
    return child
  }

  it('carries on under ours: arguments, flags of node, standard input', async () => {
    const child = start(['--no-warnings', 'dist/cli.js', 'a', '--b', 'c d'])
    const end = ended(child)
    await printed(child, '}\n')
    child.stdin!.end('hello')
    await printed(child, 'read hello')
    child.kill('SIGKILL')
    const { stdout } = await end
    const { version, pid, argv, execArgv } = JSON.parse(stdout.split('\n')[0]!)
    assert.ok(isNodeSupported(version))
    assert.notEqual(pid, child.pid)
    assert.deepEqual(argv, ['a', '--b', 'c d'])
    assert.ok(execArgv.includes('--no-warnings'))
  })

  it('peer.js is `minga peer`', async () => {
    const child = start(['dist/peer.js', '--relay'])
    await printed(child, '"argv":["peer","--relay"]')
    child.kill('SIGKILL')
    await ended(child)
  })

  it('ends with its exit code, or by its signal', async () => {
    assert.equal((await ended(start(['dist/cli.js', 'exit', '7']))).code, 7)
    assert.equal((await ended(start(['dist/cli.js', 'exit', '0']))).code, 0)
    assert.equal((await ended(start(['dist/cli.js', 'die', 'SIGTERM']))).signal, 'SIGTERM')
    assert.equal((await ended(start(['dist/cli.js', 'die', 'SIGKILL']))).signal, 'SIGKILL')
  })

  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`passes on a ${name} sent to it alone, once each`, async () => {
      const child = start(['dist/cli.js'])
      const end = ended(child)
      await printed(child, '}\n')
      child.kill(name)
      await printed(child, `got ${name}`)
      child.kill(name)
      const { code, stdout } = await end
      assert.equal(code, 130)
      assert.equal(stdout.split(`got ${name}`).length - 1, 2)
    })
  }

  it('takes the second process along when it is killed with SIGKILL', async () => {
    const child = start(['dist/cli.js'])
    const end = ended(child)
    await printed(child, '}\n')
    child.kill('SIGKILL')
    // Its pipes close only when the second process is gone too: it holds the same ends.
    assert.equal((await end).signal, 'SIGKILL')
  })

  it('a terminal’s Ctrl-C arrives once', { skip: spawnSync('script', ['--version']).status !== 0 && 'no script(1)' }, async () => {
    const terminal = spawn('script', ['-qec', `${oldNode} dist/cli.js`, '/dev/null'], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
    started.push(terminal)
    const end = ended(terminal)
    await printed(terminal, '}\r\n')
    terminal.stdin.write('\u0003')
    await printed(terminal, 'got SIGINT')
    terminal.stdin.write('still here\n')
    await printed(terminal, 'read still here')
    terminal.stdin.write('\u0003')
    const { code, stdout } = await end
    assert.equal(code, 130)
    assert.equal(stdout.split('got SIGINT').length - 1, 2)
  })

  it('says in one line what to do where ours is missing', async () => {
    await rm(join(folder, 'node_modules'))
    const { code, stdout, stderr } = await ended(start([join(folder, 'dist/cli.js')]))
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^minga: expected Node 22\.18 or newer, found [\d.]+: run `npm install --include=optional`[^\n]*\n$/)
  })
})
