import { type PushMessage, PushType } from './generated/types.gen.js';

/** What comes by push: texts by name, as Firebase hands them over in `data`. */
export type PushData = Readonly<Record<string, string>>;

/** Why a push is ignored: the first of these that holds. */
export type PushIgnored = 'other_server' | 'other_rep' | 'unknown_version' | 'unreadable' | 'unknown_type' | 'not_newer' | 'stale';

/** A notification. Of all that have the same tag, one shows. */
export interface PushNotification {
  /** What it stands for: the `tag` of a browser's notification. */
  tag: string;
  title: string;
  body: string;
  /** The push: which invitation, which session, and so on. */
  data: PushMessage;
}

/** What to do about a push. */
export type PushAction = {
  /** The delivery to report as received with `ackDelivery`, whatever else is to be done. */
  ack?: string;
} & (
  | {
      /**
       * - `show`: show the notification;
       * - `replace`: show it in place of the one that shows under its tag;
       * - `cancel`: remove what shows under its tag, if anything does; the texts say why it is over;
       * - `check_log_in`: ask the desk with `getMe`, and only where that is answered with 401 forget the token and show it.
       */
      action: 'show' | 'replace' | 'cancel' | 'check_log_in';
      notification: PushNotification;
    }
  | {
      /** Show and remove nothing. */
      action: 'ignore';
      why: PushIgnored;
    }
);

/** Whose pushes an inbox takes. */
export interface PushInboxOptions {
  /** The `server_id` of the desk, as `getServer` answers. */
  serverId: string;
  /** The rep who is logged in. */
  repId: string;
  /** What {@link PushInbox.save} returned, if anything was kept. */
  saved?: string | undefined;
}

/** The version of pushes that is read here. */
const version = '1';
/** How long a key's revision is remembered, in milliseconds: longer than anything that a withdrawal could have overtaken. */
const memory = 48 * 3600_000;
/** How long what was sent is worth showing, in milliseconds. */
const worth = new Map<string, number>([
  [PushType.invitation, 24 * 3600_000],
  [PushType.transfer, 24 * 3600_000],
  [PushType.queue, 600_000],
  [PushType.session, 600_000],
  [PushType.message, 3600_000],
  [PushType.test, 60_000],
]);
/** What shows nothing by itself. */
const commands = new Set<string>([PushType.withdrawal, PushType.signedOut]);
/** What is not reported: any request says that its rep is there, where only the device is. */
const unreported = new Set<string>([PushType.message, PushType.session, PushType.withdrawal, PushType.signedOut]);
/** The highest revision. */
const maxRev = 2n ** 63n - 1n;

/**
 * Decides what a device shows of the pushes it gets. They come twice, late and in any order; it shows what it would if each
 * came once and in time. For one rep of one desk: after another log-in, make another and remove what shows.
 *
 * What it remembers has to outlive a service worker: keep the text of {@link PushInbox.save} after each push.
 */
export class PushInbox {
  readonly #serverId: string;
  readonly #repId: string;
  readonly #kept: Map<string, Kept>;

  constructor({ serverId, repId, saved }: PushInboxOptions) {
    this.#serverId = serverId;
    this.#repId = repId;
    this.#kept = load(saved, serverId, repId);
  }

  /** Takes a push that came at a time, and says what to do. */
  receive(data: PushData, at: Date = new Date()): PushAction {
    const now = at.getTime();
    this.#forget(now);
    const type = data['type'] ?? '';
    const ack = data['delivery_id'] && !unreported.has(type) ? { ack: data['delivery_id'] } : {};
    if (data['server_id'] !== this.#serverId) {
      return { action: 'ignore', why: 'other_server' };
    }
    if (data['rep_id'] !== this.#repId) {
      return { action: 'ignore', why: 'other_rep' };
    }
    if (data['v'] !== version) {
      return { action: 'ignore', why: 'unknown_version', ...ack };
    }
    if (type !== '' && !worth.has(type) && !commands.has(type)) {
      return { action: 'ignore', why: 'unknown_type', ...ack };
    }
    const tag = data['key'] ?? '';
    const rev = revision(data['rev']);
    if (type === '' || tag === '' || rev === undefined) {
      return { action: 'ignore', why: 'unreadable' };
    }
    return { ...this.#take(data, type, tag, rev, now), ...ack };
  }

  /** The tags under which something shows at a time, unless the user has removed it. */
  showing(at: Date = new Date()): string[] {
    return [...this.#kept].filter(([, kept]) => shows(kept, at.getTime())).map(([tag]) => tag);
  }

  /** What it remembers, as a short text for the next inbox. */
  save(): string {
    return JSON.stringify({ server_id: this.#serverId, rep_id: this.#repId, kept: Object.fromEntries(this.#kept) } satisfies Saved);
  }

  /** Takes a push that can be read. */
  #take(data: PushData, type: string, tag: string, rev: bigint, now: number): PushAction {
    const before = this.#kept.get(tag);
    if (before !== undefined && rev <= BigInt(before.rev)) {
      return { action: 'ignore', why: 'not_newer' };
    }
    const ttl = worth.get(type);
    const stale_at = ttl === undefined ? undefined : sentAt(data, now) + ttl;
    this.#kept.set(tag, { rev: String(rev), came_at: now, stale_at });
    const notification = { tag, title: data['title'] ?? '', body: data['body'] ?? '', data: data as unknown as PushMessage };
    if (stale_at === undefined) {
      return { action: type === PushType.withdrawal ? 'cancel' : 'check_log_in', notification };
    }
    if (stale_at <= now) {
      return { action: 'ignore', why: 'stale' };
    }
    return { action: before !== undefined && shows(before, now) ? 'replace' : 'show', notification };
  }

  #forget(now: number): void {
    for (const [tag, { came_at }] of this.#kept) {
      if (came_at + memory <= now) {
        this.#kept.delete(tag);
      }
    }
  }
}

/** What is remembered of a key; times in milliseconds since 1970. */
interface Kept {
  /** In decimal digits: 64 bits do not fit into a number. */
  rev: string;
  came_at: number;
  /** Until when it shows; absent: nothing shows. */
  stale_at?: number | undefined;
}

interface Saved {
  server_id: string;
  rep_id: string;
  kept: Record<string, Kept>;
}

/** What was kept for this rep of this desk. What cannot be read is left: showing something twice is better than nothing any more. */
function load(text: string | undefined, serverId: string, repId: string): Map<string, Kept> {
  try {
    const saved = JSON.parse(text ?? '{}') as Partial<Saved>;
    return new Map(saved.server_id === serverId && saved.rep_id === repId ? Object.entries(saved.kept ?? {}).filter(([, kept]) => isKept(kept)) : []);
  } catch {
    return new Map();
  }
}

function isKept(kept: Kept | null): boolean {
  return revision(kept?.rev) !== undefined && typeof kept?.came_at === 'number';
}

function shows({ stale_at }: Kept, now: number): boolean {
  return stale_at !== undefined && now < stale_at;
}

function revision(text = ''): bigint | undefined {
  const rev = /^\d+$/.test(text) ? BigInt(text) : undefined;
  return rev !== undefined && rev <= maxRev ? rev : undefined;
}

function sentAt(data: PushData, otherwise: number): number {
  const at = Date.parse(data['sent_at'] ?? '');
  return Number.isNaN(at) ? otherwise : at;
}
