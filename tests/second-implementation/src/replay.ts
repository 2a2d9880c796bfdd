/** Which counters of a key were opened. */

const REMEMBERED = 1024n;

export class Opened {
  private highest = -1n;
  private readonly counters = new Set<bigint>();

  isNew(counter: bigint): boolean {
    return counter > this.highest || (this.highest - counter < REMEMBERED && !this.counters.has(counter));
  }

  note(counter: bigint): void {
    this.counters.add(counter);
    if (counter > this.highest) {
      this.highest = counter;
      for (const old of this.counters) {
        if (this.highest - old >= REMEMBERED) {
          this.counters.delete(old);
        }
      }
    }
  }
}
