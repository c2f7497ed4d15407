/** Which line numbers were seen: an eighth of a byte for each line of the log, whatever is in it. */
export class BitSet {
  #bytes = new Uint8Array(1024);

  /** `line` ≥ 0. Answers whether it was there already. */
  add(line: number): boolean {
    const place = Math.floor(line / 8);
    if (place >= this.#bytes.length) {
      const larger = new Uint8Array(Math.max(place + 1, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const before = this.#bytes[place] ?? 0;
    const bit = 1 << (line % 8);
    this.#bytes[place] = before | bit;
    return (before & bit) !== 0;
  }
}
