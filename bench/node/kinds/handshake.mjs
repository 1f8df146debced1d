// Opens a connection and closes it again, one after the other.
import { counterpart } from '../counterpart.mjs';
import { measure } from '../measure.mjs';

export async function run({ connect }, scenario) {
  const url = `${await counterpart(scenario)}/echo`;
  return measure(scenario, async (connections) => {
    for (let i = 0; i < connections; i++) {
      const connection = await connect(url, () => {});
      await connection.close();
    }
  });
}
