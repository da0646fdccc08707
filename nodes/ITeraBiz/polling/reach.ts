import { createdAt, type Video } from '../api/video';
import { MAX_RECENT } from './progress';

/** Reading stops after this many known videos: a video that was listed late stands among them. */
const ENOUGH_KNOWN = 20;

/** How late the list usually shows a video, in milliseconds; `RECONCILING` expects seconds, `LATENESS` an hour. */
const LATE_BY = 60_000;

/** So many known videos are enough even if they were made within that time. More may not be remembered. */
const MOST_KNOWN = 300;

/** How far down one reading of the list has come. Everything new is above the known videos. */
export class Reach {
  /** What was read, in the order of the list */
  readonly videos: Video[] = [];
  /** Whether the list begins with the newest */
  isSorted = true;
  private knownCount = 0;
  /** When the known videos were made, of each page the first and the last */
  private readonly knownTimes: number[] = [];

  /** @param isResumed whether an earlier reading was cut off: its rest is read anyway */
  constructor(
    private readonly isKnown: (video: Video) => boolean,
    private readonly isResumed: boolean,
  ) {}

  add(page: Video[]): void {
    this.videos.push(...page);
    const isLater = (video: Video, n: number) => createdAt(page[n - 1] ?? {}) < createdAt(video);
    // Some may be listed late, or dated wrongly.
    this.isSorted &&= page.filter(isLater).length <= page.length / 4;
    const known = page.filter(this.isKnown);
    this.knownCount += known.length;
    if (known.length > 0) this.knownTimes.push(createdAt(known[0]), createdAt(known.at(-1)!));
  }

  get hasKnown(): boolean {
    return this.knownCount > 0;
  }

  /** Whether everything new was read, but for videos that the list shows late. */
  get isComplete(): boolean {
    const isDeep = this.isSorted || this.videos.length >= MAX_RECENT;
    return isDeep && this.knownCount >= ENOUGH_KNOWN;
  }

  /** Whether those, too, were read: after a large campaign, they may stand far down. */
  get isEnough(): boolean {
    const isCampaign = this.isSorted && this.knownTimes.at(-1)! > this.knownTimes[0] - LATE_BY;
    const hasNew = this.videos.length > this.knownCount;
    const mayBeLate = isCampaign && hasNew && !this.isResumed && this.knownCount < MOST_KNOWN;
    return this.isComplete && !mayBeLate;
  }
}
