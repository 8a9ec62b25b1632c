/** A place in a list. */
export interface ListNode<T> {
  readonly value: T;
  /** The list that it is in; undefined: it was taken out. */
  list: LinkedList<T> | undefined;
  previous: ListNode<T> | undefined;
  next: ListNode<T> | undefined;
}

/** A list of which anything can be taken out at any time, in a time that does not depend on its length. */
export class LinkedList<T> {
  #first: ListNode<T> | undefined;
  #last: ListNode<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): ListNode<T> | undefined {
    return this.#first;
  }

  get last(): ListNode<T> | undefined {
    return this.#last;
  }

  /** Adds at the end. */
  add(value: T): ListNode<T> {
    const node: ListNode<T> = { value, list: undefined, previous: undefined, next: undefined };
    this.#append(node);
    return node;
  }

  /** False: it was not there. */
  remove(node: ListNode<T>): boolean {
    if (node.list !== this) return false;
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.list = undefined;
    node.previous = undefined;
    node.next = undefined;
    this.#size--;
    return true;
  }

  /** Puts what is there behind all others. */
  moveToEnd(node: ListNode<T>): void {
    if (this.remove(node)) this.#append(node);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let node = this.#first; node !== undefined; node = node.next) yield node.value;
  }

  #append(node: ListNode<T>): void {
    node.list = this;
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
  }
}
