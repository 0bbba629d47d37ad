import { statSync } from 'node:fs'
import { cpus } from 'node:os'
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
  `| circuit, \`--O2\` | constraints | key MB | twin s | witness s | CPU s | proof, wall 1 / ${cpus().length} threads, s | verify ms | RSS MiB |`,
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const sizeClass of chosen.length > 0 ? chosen : SIZE_CLASS_NAMES) {
  const { zkey } = await buildArtifacts(sizeClass)
  const single = await measureProof({ sizeClass, singleThread: true })
  const many = await measureProof({ sizeClass, singleThread: false })
  const seconds = (value: number) => value.toFixed(value < 1 ? 2 : 1)
  const cells = [
    sizeClass,
    readPinned(sizeClass).constraints.toLocaleString('en'),
    (statSync(zkey).size / 1e6).toFixed(1),
    seconds(single.twinS),
    seconds(single.witnessS),
    seconds(single.cpuS),
    `${seconds(single.proveS)} / ${seconds(many.proveS)}`,
    single.verifyMs.toFixed(0),
    many.rssMiB.toFixed(0),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
