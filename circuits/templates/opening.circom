pragma circom 2.2.0;
include "block-word.circom";
include "dot.circom";
include "draw.circom";
include "leaf.circom";

// The verdict of one MacroJob: where it is counted, the element of the drawn block of the drawn MicroJob, from an opening that fits its leaf;
// else 0.
template Opening(K) {
    signal input counted;
    signal input generator;
    signal input challenge;
    signal input pickWord;
    signal input microJobs;
    signal input microActive[K];
    signal input blocks;
    signal input blockActive[16];
    signal input leaf[K];
    signal input worker[K];
    signal input opened[16];
    signal output verdict;
    // The wallet that processed the drawn MicroJob.
    signal output openedWorker;

    // The MicroJob follows from the challenge.
    component pick = Draw(K);
    pick.word <== pickWord;
    pick.n <== microJobs;
    pick.active <== microActive;

    // Its block follows from seed + MacroJob index, and the challenge.
    component word = BlockWord(K);
    word.generator <== generator;
    word.challenge <== challenge;
    word.hot <== pick.hot;
    component block = Draw(16);
    block.word <== word.out;
    block.n <== blocks;
    block.active <== blockActive;

    // The opening is that of the leaf and the wallet at that place.
    component leafAt = Dot(K);
    leafAt.hot <== pick.hot;
    leafAt.value <== leaf;
    component workerAt = Dot(K);
    workerAt.hot <== pick.hot;
    workerAt.value <== worker;
    component commit = Leaf();
    commit.wallet <== workerAt.out;
    commit.element <== opened;
    openedWorker <== workerAt.out;
    counted * (leafAt.out - commit.out) === 0;

    // The verdict is the element of that block.
    component element = Dot(16);
    element.hot <== block.hot;
    element.value <== opened;
    verdict <== counted * element.out;
}
