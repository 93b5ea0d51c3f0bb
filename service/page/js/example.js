/** A composed week of invented news, so that there is something to look at. */

/** @import {SourceDocument} from './types.js' */

/** @type {SourceDocument[]} */
export const EXAMPLE = [
  {
    id: 'Strait closed to trawlers',
    date: '2024-03-04',
    text: `Norway closes strait to foreign trawlers
Norway closed the northern strait to foreign trawlers on Monday and warned Russia that any vessel crossing the line would be seized.
Moscow denied that its boats had entered Norwegian waters and called the charge an invention of Oslo.
Sweden and Finland said they stood firmly behind Norway and would send two patrol ships each.
In Reykjavik, Iceland's prime minister said her government was following the talks.

The European Union cautioned that the quarrel could spread to the energy market.
"If Russian ships come back, we will answer with every means that we have," the Norwegian foreign minister said.
Denmark rejected a demand by Russia to keep NATO aircraft away from the strait.`,
  },
  {
    id: 'Exercise in the north',
    date: '2024-03-06',
    text: `NATO begins exercise to discourage crossings
NATO began an exercise off Tromsø on Wednesday to deter Russia from sending further boats into the strait.
The United States pledged four maritime patrol aircraft to Norway, and Britain promised fuel and spare parts.
The Kremlin warned Washington that it would respond if American aircraft came within sight of its ports.
The Pentagon dismissed the Russian statement as theatre.
Germany praised the calm of Norway and Sweden and offered them a supply ship.`,
  },
  {
    id: 'A way out',
    date: '2024-03-09',
    text: `Talks in Geneva end without a paper
Talks between Norway and Russia ended in Geneva on Saturday without a joint paper.
Russia rejected a Norwegian proposal for joint inspections, and denied once more that it had broken any treaty.
Switzerland offered to host a second round.
China warned both sides against closing the sea route and said it backed a Russian plan for an open corridor.
Japan and Canada welcomed the stance of Norway, and Ottawa said it would not hesitate to close its own ports to Russian trawlers if they crossed the line again.
Finland ruled out a Russian request to withdraw its ships.`,
  },
];
