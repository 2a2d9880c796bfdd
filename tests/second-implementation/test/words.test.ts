import assert from "node:assert/strict";
import { test } from "node:test";

import { fromHex, toHex } from "../src/bytes.js";
import { codeOf, isSettled, numbersOf } from "../src/words.js";
import { type Chain, read, type SpokenCode } from "./vectors.js";

const list = read<readonly string[]>("words/list");
const chains = read<readonly Chain[]>("words/chains");
const codes = read<readonly SpokenCode[]>("words/codes");

test("there is a word for each ten bits, and each is another", () => {
  assert.equal(list.length, 1024);
  assert.equal(new Set(list).size, 1024);
  assert.deepEqual([...list].sort(), list, "in alphabetical order");
});

test("numbers are hashes of the first, down to the commitment", async () => {
  for (const { first, commitment, numbers } of chains) {
    const own = (await numbersOf(fromHex(first))).map(toHex);
    assert.deepEqual([own.length, own[0]], [4096, commitment]);
    for (const { epoch, number } of numbers) {
      assert.equal(own[epoch], number, `epoch ${epoch}`);
    }
  }
  assert.equal(chains.length, 2);
});

test("a number is accepted for its member and its epoch, and for no other", async () => {
  for (const { commitment, numbers, refused } of chains) {
    for (const { epoch, number } of numbers) {
      assert.ok(await isSettled(fromHex(commitment), BigInt(epoch), fromHex(number)), `epoch ${epoch}`);
    }
    for (const { name, epoch, number } of refused) {
      assert.equal(await isSettled(fromHex(commitment), BigInt(epoch), fromHex(number)), false, name);
    }
  }
});

test("everybody sees the same words and pictograms, in whatever order the numbers came", async () => {
  for (const { authenticator, members, bits, words, pictograms } of codes) {
    const shown = members.map(({ leaf, number }) => ({ leaf, number: fromHex(number) }));
    for (const arrived of [shown, shown.toReversed()]) {
      const code = await codeOf(fromHex(authenticator), arrived);
      assert.equal(code.bits, bits);
      assert.deepEqual(code.words.map((place) => list[place]), words);
      assert.deepEqual(code.pictograms, pictograms);
    }
  }
  assert.equal(codes.length, 9);
});
