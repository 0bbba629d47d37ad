import { statSync } from 'node:fs'
import { isSizeClassName, SIZE_CLASS_NAMES } from '../src/job/settlement/size-classes.ts'
import { measureProof } from './bench/measure-proof.ts'
import { buildArtifacts } from './circuits/artifacts.ts'
import { readPinned } from './circuits/pin.ts'

/*
 * `npm run bench:settlement [-- <size class>…]`: what a proof of each size costs on this machine, as the table of docs/SETTLEMENT.md. What a settlement
 * costs a Job, gas included, is figure 8 of `npm run bench`.
 */

const chosen = process.argv.slice(2).filter(isSizeClassName)
console.log(
  '| circuit, `--O2` | constraints | key MB | twin s | witness s | CPU s | witness and proof s | snarkjs CPU s | verify ms | RSS MiB |',
)
console.log('|---|---|---|---|---|---|---|---|---|---|')
for (const sizeClass of chosen.length > 0 ? chosen : SIZE_CLASS_NAMES) {
  const { zkey } = await buildArtifacts(sizeClass)
  const own = await measureProof({ sizeClass, bySnarkjs: false })
  const snarkjs = await measureProof({ sizeClass, bySnarkjs: true })
  const seconds = (value: number) => value.toFixed(value < 1 ? 2 : 1)
  const cells = [
    sizeClass,
    readPinned(sizeClass).constraints.toLocaleString('en'),
    (statSync(zkey).size / 1e6).toFixed(1),
    seconds(own.twinS),
    seconds(own.witnessS),
    seconds(own.cpuS),
    seconds(own.witnessS + own.proveS),
    seconds(snarkjs.cpuS),
    own.verifyMs.toFixed(0),
    own.rssMiB.toFixed(0),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
