import { compare, describeDifference } from './stage/judge';
import { firstPicture } from './stage/picture';
import { Stage } from './stage/stage';

it('smoke', async () => {
  const t = [Date.now()];
  const lap = (w: string) => { t.push(Date.now()); console.log(w, t.at(-1)! - t.at(-2)!); };
  const stage = await Stage.set();
  lap('set');
  await stage.clear();
  lap('clear');
  const s2 = await Stage.set();
  lap('set2');
  const snap = await s2.snapshot();
  console.log(snap.entities.size, describeDifference(compare(snap, firstPicture())));
  lap('snap');
  let r = await s2.refresh();
  lap('refresh');
  console.log(r.error, JSON.stringify(r, null, 1).slice(0, 1500));
  r = await s2.refresh();
  lap('refresh');
  r = await s2.refresh();
  lap('refresh');
  await s2.clear();
  lap('clear');
}, 180000);
