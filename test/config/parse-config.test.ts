import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigInvalidError } from '../../src/config/errors.ts'
import { namedSettings } from '../../src/config/settings.ts'
import { closest } from '../../src/config/suggest.ts'
import { formatBytes, formatDuration, parseBytes, parseDuration } from '../../src/config/units.ts'
import { defaultConfigPath, parseConfig } from '../../src/config.ts'

const surroundings = { home: '/home/u', cwd: '/work', platform: 'linux' }

describe('parseConfig', () => {
  it('is complete and frozen without any input', () => {
    const { config, origins } = parseConfig({}, {}, undefined, surroundings)
    assert.equal(config.dataDir, '/home/u/.local/share/minga')
    assert.equal(config.storage.maxAgeMs, 7 * 24 * 3600 * 1000)
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.storage) && Object.isFrozen(config.listen))
    assert.deepEqual([...new Set(origins.values())], ['default'])
  })

  it('resolves paths against the place that named them', () => {
    const file = { path: '/etc/minga/config.json', value: { dataDir: 'peer', walletKeyFile: '~/wallet' } }
    const { config } = parseConfig({ identityFile: 'id.key' }, {}, file, surroundings)
    assert.equal(config.dataDir, '/etc/minga/peer')
    assert.equal(config.walletKeyFile, '/home/u/wallet')
    assert.equal(config.identityFile, '/work/id.key')
  })

  it('takes XDG directories and the drivers of Vulkan from their own variables', () => {
    const env = { XDG_DATA_HOME: '/data', XDG_CACHE_HOME: '/cache', XDG_CONFIG_HOME: '/config', VK_DRIVER_FILES: '/a.json:/b.json' }
    const { config } = parseConfig({}, env, undefined, surroundings)
    assert.equal(config.dataDir, '/data/minga')
    assert.equal(config.cacheDir, '/cache/minga')
    assert.equal(config.compute.vulkanDrivers, '/a.json:/b.json')
    assert.equal(defaultConfigPath(env, surroundings), '/config/minga/config.json')
    assert.equal(defaultConfigPath({}, surroundings), '/home/u/.config/minga/config.json')
  })

  it('an empty variable counts as unset', () => {
    const { config } = parseConfig({}, { MINGA_LOG_LEVEL: '' }, undefined, surroundings)
    assert.equal(config.logLevel, 'info')
  })

  it('throws one error with every problem', () => {
    const flags = Object.fromEntries(namedSettings.map(({ key }) => [key, Symbol.iterator]))
    assert.throws(
      () => parseConfig(flags, {}, undefined, surroundings),
      (error) => error instanceof ConfigInvalidError && error.problems.length === namedSettings.length && error.exitCode === 2,
    )
  })

  it('keeps __proto__ and its friends in a file inert', () => {
    const value = JSON.parse('{"__proto__": {"mdns": true}, "constructor": {"prototype": {}}, "storage": {"__proto__": 1}}')
    assert.throws(() => parseConfig({}, {}, { path: '/c.json', value }, surroundings), ConfigInvalidError)
    assert.equal(({} as { mdns?: boolean }).mdns, undefined)
  })

  it('never throws anything but ConfigInvalidError for any file', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          parseConfig({}, {}, { path: '/c.json', value }, surroundings)
        } catch (error) {
          assert.ok(error instanceof ConfigInvalidError)
        }
      }),
    )
  })

  it('reads back every default that it would show', () => {
    for (const { key, setting } of namedSettings) {
      if (typeof setting.fallback === 'function' || setting.fallback === undefined) continue
      const shown = setting.type.format(setting.fallback)
      if (shown === 'none') continue
      assert.deepEqual(setting.type.parse(shown, { base: '/', home: '/' }), setting.fallback, key)
    }
  })

  it('names flags and variables after the keys, all different', () => {
    const byKey = new Map(namedSettings.map((named) => [named.key, named]))
    assert.equal(byKey.get('storage.maxAgeMs')?.flag, '--storage-max-age')
    assert.equal(byKey.get('storage.maxAgeMs')?.variable, 'MINGA_STORAGE_MAX_AGE')
    assert.equal(new Set(namedSettings.map(({ flag }) => flag)).size, namedSettings.length)
  })
})

describe('units', () => {
  it('reads sizes and times as people write them', () => {
    assert.equal(parseBytes('1.5 GiB'), 1.5 * 2 ** 30)
    assert.equal(parseBytes('10kb'), 10_000)
    assert.equal(parseBytes('4096'), 4096)
    assert.equal(parseDuration('2min'), 120_000)
    assert.equal(parseDuration('250'), 250)
    for (const wrong of ['', 'ten', '-1', '1e9', '5 parsecs', '1GiBB', '∞', '9'.repeat(30)]) {
      assert.equal(parseBytes(wrong), undefined, wrong)
      assert.equal(parseDuration(wrong), undefined, wrong)
    }
  })

  it('writes them short', () => {
    assert.equal(formatBytes(0), '0 B')
    assert.equal(formatBytes(1536), '1.5 KiB')
    assert.equal(formatDuration(0.25), '0.3 ms')
    assert.equal(formatDuration(1500), '1.5 s')
    assert.equal(formatDuration(125_000), '2 min 5 s')
    assert.equal(formatDuration(7.5 * 3.6e6), '7 h 30 min')
    assert.equal(formatDuration(7 * 8.64e7), '7 d')
  })

  it('survives writing and reading to one part in ten', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (bytes) => {
        const back = parseBytes(formatBytes(bytes))
        assert.ok(back !== undefined && Math.abs(back - bytes) <= bytes / 10)
      }),
    )
  })
})

describe('suggestions', () => {
  it('finds typos and nothing else', () => {
    assert.equal(closest('storge.maxBytes', ['storage.maxBytes', 'mdns']), 'storage.maxBytes')
    assert.equal(closest('bandwidth', ['storage.maxBytes', 'mdns']), undefined)
  })
})
