import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { InvalidCidError, InvalidUriError, UnsupportedUriError } from '../../src/storage/errors.ts'
import { parseIpfsUri } from '../../src/storage/sources/ipfs.ts'
import { redactUri } from '../../src/storage/sources/redact.ts'
import { parseSource } from '../../src/storage/sources/uri.ts'

const V1 = 'bafybeif6ypovjnwz4mh5ajkxwrgwivl4ra6zxhb7p6dcmbxmpenm3ixnvy'
const V0 = 'QmQPeNsJPyVWPFDVHb77w8G42Fvo15z4bG2X8D2GhfbSXc'

describe('URIs', () => {
  it('reads ipfs:// with either version of CID', () => {
    assert.equal(parseIpfsUri(`ipfs://${V1}`), V1)
    assert.equal(parseIpfsUri(`IPFS://${V1}/`), V1)
    assert.match(parseIpfsUri(`ipfs://${V0}`), /^bafybei/)
  })

  it('refuses paths, queries, users and ports behind ipfs://, and what is no CID', () => {
    for (const uri of [`ipfs://${V1}/a.png`, `ipfs://${V1}?x`, `ipfs://u:p@${V1}`, `ipfs://${V1}:80`, `ipfs:${V1}`, 'ipfs://']) {
      assert.throws(() => parseIpfsUri(uri), InvalidUriError, uri)
    }
    assert.throws(() => parseIpfsUri('ipfs://nonsense'), InvalidCidError)
  })

  it('takes local files only where the caller allows them', () => {
    assert.deepEqual(parseSource('./a b.bin', { allowFiles: true }), { kind: 'file', path: './a b.bin' })
    assert.deepEqual(parseSource('file:///tmp/a%20b', { allowFiles: true }), { kind: 'file', path: '/tmp/a b' })
    assert.deepEqual(parseSource('file:///C:/a', { allowFiles: true }), { kind: 'file', path: 'C:/a' })
    for (const uri of ['/etc/passwd', 'file:///etc/passwd', '../x']) assert.throws(() => parseSource(uri), UnsupportedUriError)
    for (const uri of ['file://host/a', 'file:///a%00b', 'file:///%ff', 'a\0b', '']) {
      assert.throws(() => parseSource(uri, { allowFiles: true }), InvalidUriError, uri)
    }
  })

  it('names what is supported for any other scheme, and repeats no credential', () => {
    for (const uri of ['https://me:secret@host/a?token=secret', 'sftp://me:secret@host/a', 'javascript:alert(1)', 'data:,secret']) {
      assert.throws(
        () => parseSource(uri),
        (error) =>
          error instanceof UnsupportedUriError &&
          error.supported.includes('ipfs') &&
          !JSON.stringify([error, error.message]).includes('secret'),
      )
    }
  })

  it('hides every credential in a URI, well-formed or not', () => {
    assert.equal(redactUri('https://me:pa/ss@w@host:8080/a/b?sig=1#x'), 'https://***@host:8080/a/b?***')
    assert.equal(redactUri('https://host/a'), 'https://host/a')
    const secret = fc.stringMatching(/^[A-Za-z0-9/:%!]{0,12}$/).map((text) => `SECRET${text}SECRET`)
    const scheme = fc.constantFrom('https', 'sftp', 'wss', 'ftp+x', '')
    const shapes = fc.tuple(scheme, secret, fc.nat(5)).map(([name, hidden, shape]) => {
      const start = name === '' ? '' : `${name}:`
      return [
        `${start}//me:${hidden}@host/path`,
        `${start}//${hidden}@host`,
        `${start}//host/path?token=${hidden}`,
        `${start}//host/path#${hidden}`,
        `${start}//a@b:${hidden}@host/x?y=${hidden}`,
        `${start}me:${hidden}@host/path`,
      ][shape]!
    })
    fc.assert(fc.property(shapes, (uri) => assert.ok(!redactUri(uri).includes('SECRET'), `${uri} → ${redactUri(uri)}`)))
  })

  it('never throws while redacting', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(typeof redactUri(text), 'string')))
  })
})
