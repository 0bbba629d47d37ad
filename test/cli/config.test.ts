import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { minga } from './run.ts'

describe('minga config', () => {
  let home: string
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'minga-config-'))
    await mkdir(join(home, '.config/minga'), { recursive: true })
  })
  after(async () => rm(home, { recursive: true }))

  const file = (value: unknown) => writeFile(join(home, '.config/minga/config.json'), JSON.stringify(value))

  it('shows each value and where it came from: flag, variable, file, default', async () => {
    await file({ logLevel: 'debug', storage: { maxBytes: '1GiB', maxAgeMs: 5000 }, dht: false })
    const env = { HOME: home, MINGA_LOG_LEVEL: 'warn', MINGA_BOOTSTRAP: '/dns4/a.example/tcp/1, /dns4/b.example/tcp/2' }
    const { code, stdout, stderr } = await minga(['config', '--json', '--log-level', 'error'], { env })
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const { settings, file: path } = JSON.parse(stdout)
    assert.deepEqual(path, { path: join(home, '.config/minga/config.json'), exists: true })
    assert.deepEqual(settings.logLevel, { value: 'error', origin: '--log-level' })
    assert.deepEqual(settings.bootstrap, { value: ['/dns4/a.example/tcp/1', '/dns4/b.example/tcp/2'], origin: 'MINGA_BOOTSTRAP' })
    assert.deepEqual(settings['storage.maxBytes'], { value: 2 ** 30, origin: path.path })
    assert.deepEqual(settings['storage.maxAgeMs'], { value: 5000, origin: path.path })
    assert.deepEqual(settings['compute.device'], { value: 'auto', origin: 'default' })
    assert.deepEqual(settings['jobs.minUnitPrice'], { value: '0', origin: 'default' })
  })

  it('shows of RPC endpoints scheme and host, and of keys nothing: not as a table, not as JSON, not where a value is wrong', async () => {
    const urls = [
      'https://user:hunter2@a.example',
      'https://b.example/v3/hunter2',
      'https://c.example/?key=hunter2',
      'http://127.0.0.1:8545',
    ]
    await file({ chain: { rpc: urls } })
    const shown = ['https://a.example/…', 'https://b.example/…', 'https://c.example/…', 'http://127.0.0.1:8545']
    const run = (args: string[], env = {}) => minga(['config', ...args], { env: { HOME: home, ...env } })
    const json = await run(['--json'])
    assert.deepEqual(JSON.parse(json.stdout).settings['chain.rpc'].value, shown)
    const [table, alone] = [await run([]), await run(['chain.rpc'])]
    assert.ok(table.stdout.includes(shown.join(', ')))
    assert.equal(alone.stdout, `${shown.join(', ')}\n`)
    const flag = await run(['--chain-rpc', 'wss://d.example/hunter2'])
    assert.match(flag.stderr, /--chain-rpc: expected a list, each a URL with http: or https:, found wss:\/\/d\.example\/…/)
    const variable = await run([], { MINGA_CHAIN_RPC: 'https://e.example/hunter2,f.example/hunter2' })
    assert.match(variable.stderr, /MINGA_CHAIN_RPC: expected .*, found https:\/\/e\.example\/…, …/)
    const astray = await run([], { MINGA_DHT: 'https://g.example/hunter2' })
    assert.equal(astray.code, 2)
    for (const { stdout, stderr } of [json, table, alone, flag, variable, astray]) assert.ok(!`${stdout}${stderr}`.includes('hunter2'))
  })

  it('prints one value alone', async () => {
    await file({ dataDir: '~/peer' })
    const { stdout } = await minga(['config', 'dataDir'], { env: { HOME: home } })
    assert.equal(stdout, `${join(home, 'peer')}\n`)
  })

  it('tells all problems of flags, variables and file at once', async () => {
    await file({ storage: { maxByte: 1 }, jobs: 'wgsl', mdns: 'perhaps' })
    const env = { HOME: home, MINGA_DHT: 'maybe' }
    const { code, stdout, stderr } = await minga(['config', '--log-level', 'loud'], { env })
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /the configuration has 5 problems:/)
    assert.match(stderr, /--log-level: expected one of error, warn, info, debug, silent, found "loud"/)
    assert.match(stderr, /MINGA_DHT: expected true or false, found "maybe"/)
    assert.match(stderr, /config\.json: storage\.maxByte: no such setting; did you mean storage\.maxBytes\?/)
    assert.match(stderr, /config\.json: jobs: expected an object, found "wgsl"/)
    assert.match(stderr, /config\.json: mdns: expected true or false, found "perhaps"/)
  })

  it('places a syntax error in the file, and misses a file that was named', async () => {
    const path = join(home, 'broken.json')
    await writeFile(path, '{"mdns": true,}')
    const broken = await minga(['config', '--config', path])
    assert.equal(broken.code, 2)
    assert.match(broken.stderr, /broken\.json:1:15: expected a key in double quotes, found "}"/)
    const missing = await minga(['config'], { env: { MINGA_CONFIG: join(home, 'missing.json') } })
    assert.equal(missing.code, 2)
    assert.match(missing.stderr, /expected a configuration file at .*missing\.json, found nothing there/)
  })

  it('names a variable that looks like a setting and is none, and goes on', async () => {
    const { code, stderr } = await minga(['config'], { env: { MINGA_DATADIR: '/x' } })
    assert.equal(code, 0)
    assert.match(stderr, /MINGA_DATADIR is no setting of Minga; did you mean MINGA_DATA_DIR\?/)
  })

  it('refuses the name of no setting', async () => {
    const { code, stderr } = await minga(['config', 'dataDirectory'])
    assert.equal(code, 2)
    assert.match(stderr, /Allowed choices are dataDir/)
  })
})
