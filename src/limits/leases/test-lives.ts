import { leaseSpans } from './lease-messages.ts';
import type { Special, Step } from './test-lists.ts';
import { ModelMember, testKeys, testTotal, testWindow, type Used, type World } from './test-member.ts';

/** What happened, to see that a run is no empty one. */
export interface Story {
  admitted: number;
  refused: number;
  /** How often the authority lost all that it knew. */
  forgotten: number;
}

/**
 * Three members do what the list says.
 * @throws Error where the authority's sums, or what the members used in truth, are above the limit at any step
 */
export async function live(steps: readonly (Step | Special)[], world: World, run: string): Promise<Story> {
  const story = new Lives(world, run);
  for (const one of steps) {
    await story.step(one);
    await story.check();
  }
  return story;
}

class Lives implements Story {
  admitted = 0;
  refused = 0;
  forgotten = 0;
  readonly #world: World;
  readonly #run: string;
  readonly #used: Used[] = [];
  readonly #members: ModelMember[];
  #born = 0;
  #forgottenAt = Number.NEGATIVE_INFINITY;

  constructor(world: World, run: string) {
    this.#world = world;
    this.#run = run;
    this.#members = [0, 1, 2].map((index) => this.#create(index));
  }

  async step(one: Step | Special): Promise<void> {
    if (one.do === 'pass') await this.#world.pass(one.part * this.#world.leaseMs);
    else if (one.do === 'forget') await this.#forget();
    else if (one.do === 'beats') await this.#beats(one.count);
    else if (one.do === 'alone') this.#alone(one.who);
    else if (one.do === 'kill') this.#kill(one.who);
    else {
      const member = this.#members[one.who] as ModelMember;
      if (one.do === 'part') member.cutOff = one.steps;
      else if (one.do === 'end') member.end(one.which, one.taken);
      else if (one.do === 'sync') await member.sync(one.lose);
      else if (one.do === 'arrive') await member.arrive();
      else await this.#take(member, one);
    }
  }

  async check(): Promise<void> {
    for (const key of testKeys) {
      const found = await this.#world.division(key);
      // What is stored, and what may not be stored yet, overlap, so that a period may be divided into less than is thought.
      if (found === undefined || (this.forgotten > 0 && key !== testWindow.id)) continue;
      if (found.base + found.allotted + found.orphaned > found.maximum) {
        throw new Error(`${key} is divided into more than there is: ${JSON.stringify(found)}`);
      }
    }
    const inWindow = this.#sum('window', this.#world.now() - leaseSpans.window);
    const ever = this.#sum('total', Number.NEGATIVE_INFINITY);
    if (inWindow > testWindow.maximum) throw new Error(`${inWindow} were used within the window`);
    if (ever > testTotal.maximum) throw new Error(`${ever} were used in all`);
  }

  #create(index: number): ModelMember {
    const id = `${this.#run}-${index}-${this.#born++}`;
    const offset = [0, 240_000, -180_000][index] as number;
    return new ModelMember(id, this.#world, offset, () => this.#sum('total', Number.NEGATIVE_INFINITY));
  }

  /** An authority that hears new members alone takes this for a first start: here it hears some that know of all. */
  async #forget(): Promise<void> {
    if (this.#world.forget === undefined || !this.#members.every((member) => member.knows(this.#members))) return;
    await this.#world.forget();
    this.forgotten++;
    this.#forgottenAt = this.#world.now();
  }

  #kill(who: number): void {
    const isFirst = !this.#members.some((member) => member.wasAnsweredAfter(this.#forgottenAt));
    if (this.forgotten === 0 || !isFirst) this.#members[who] = this.#create(who);
  }

  /** From now on the authority hears no other. */
  #alone(who: number): void {
    for (const [index, member] of this.#members.entries()) member.cutOff = index === who ? 0 : Number.POSITIVE_INFINITY;
  }

  async #beats(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#world.pass(0.19 * this.#world.leaseMs);
      for (const member of this.#members) await member.sync('nothing');
    }
  }

  async #take(member: ModelMember, { counter, amount, asks }: Step & { do: 'take' }): Promise<void> {
    let used = member.take(counter, amount);
    if (used === undefined && asks) {
      await member.sync('nothing');
      used = member.take(counter, amount);
    }
    if (used !== undefined) this.#used.push(used);
    if (used === undefined) this.refused++;
    else this.admitted++;
  }

  #sum(which: Used['counter'], since: number): number {
    return this.#used.reduce(
      (total, { at, counter: own, amount }) => total + (own === which && at > since ? amount : 0),
      0,
    );
  }
}
