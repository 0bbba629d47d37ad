import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { listErrors } from '../../scripts/list-errors.ts'
import * as chain from '../../src/chain-client.ts'
import * as client from '../../src/index.ts'

const errors = listErrors(resolve(import.meta.dirname, '../../src'))
const namesIn = (folder: string) => errors.filter((error) => error.folder === folder).map(({ name }) => name)

/** What only the command line, a file of settings or the development chain meets. */
const NODE_ONLY = new Set([
  'NoChainError',
  'ChainFileError',
  'AnvilMissingError',
  'AnvilFailedError',
  'DevnetRunningError',
  'DevnetStateError',
])

describe('the entries of a DApp', () => {
  it('export what createClient, a client and a handle throw', () => {
    const thrown = [
      [
        'BadMultiaddrError',
        'BootstrapUnreachableError',
        'InvalidJobInfoError',
        'NoPayingChainError',
        'NoHolderError',
        'PriceInEscrowError',
      ],
      ['JobNotFoundError', 'JobFailedError', 'JobNotFinishedError', 'ResultRefusedError', 'BlockNotFoundError', 'InvalidCidError'],
      [
        'WrongBytesError',
        'NotTheRequesterError',
        'JobOverError',
        'OtherChainError',
        'NotThePayerError',
        'NotCancellableError',
        'ClientClosedError',
        'ClientSettingsError',
        'JobClosedError',
        'CancelUnheardError',
      ],
      ['StorageStoppedError', 'ChannelClosedError', 'LogClosedError'],
    ].flat()
    assert.deepEqual(
      thrown.filter((name) => !Object.keys(client).includes(name)),
      [],
    )
  })

  it('export every error of the chain that is not about files of this machine', () => {
    const thrown = namesIn('chain').filter((name) => !NODE_ONLY.has(name))
    assert.ok(thrown.length > 10)
    assert.deepEqual(
      thrown.filter((name) => !Object.keys(chain).includes(name)),
      [],
    )
  })
})
