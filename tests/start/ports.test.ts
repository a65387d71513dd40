import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { LISTEN_HOST, choosePort } from '../../dev/ports';

describe('the port of npm start', () => {
  it('is the one that is wanted, and another where that is occupied', async () => {
    const occupant = createServer().listen(0, LISTEN_HOST);
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;

    const other = await choosePort(port);
    expect(other).not.toBe(port);
    expect(other).toBeGreaterThan(0);

    occupant.close();
    await once(occupant, 'close');
    expect(await choosePort(port)).toBe(port);
  });
});
