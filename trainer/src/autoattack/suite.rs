//! The attacks one after another on a set of images, and what each image has come through so far.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{Attack, Ball, Classifier, Effort, Example, is_fooled};

/// Images attacked at a time: few enough that an interrupted batch is no great loss.
const BATCH: usize = 32;

/// What is known of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing yet.
    #[default]
    Unseen,
    /// It is called another class as it is.
    Mistaken,
    /// This attack has fooled the network.
    Fooled(Attack),
    /// It has withstood so many of the attacks.
    Standing(usize),
}

/// A network, and how it is attacked.
pub struct Suite<'a> {
    pub network: &'a dyn Classifier,
    pub attacks: &'a [Attack],
    pub ball: Ball,
    pub effort: Effort,
}

/// Who looks on.
pub trait Watcher {
    /// Whether the suite goes on. So many of the images that an attack is for are behind it, counted in
    /// steps of one image each.
    fn goes_on(&mut self, attack: Attack, step: usize, of: usize) -> bool;

    /// Hears what is known of all images after every batch.
    ///
    /// # Errors
    ///
    /// Ends the suite.
    fn tell(&mut self, verdicts: &[Verdict]) -> Result<()>;
}

impl Suite<'_> {
    /// Judges the images of which not all is known yet; `example(i)` gives the `i`th. Gives whether it
    /// has come to the end, and was not asked to stop.
    ///
    /// # Errors
    ///
    /// The errors of the network and of the watcher.
    pub fn judge(
        &self,
        example: &dyn Fn(usize) -> Example,
        verdicts: &mut [Verdict],
        watcher: &mut dyn Watcher,
    ) -> Result<bool> {
        self.sort_out(example, verdicts, watcher)?;
        for (turn, &attack) in self.attacks.iter().enumerate() {
            let standing = |i: &usize| verdicts[*i] == Verdict::Standing(turn);
            let left: Vec<usize> = (0..verdicts.len()).filter(standing).collect();
            for (number, batch) in left.chunks(BATCH).enumerate() {
                let examples: Vec<Example> = batch.iter().map(|&i| example(i)).collect();
                let before = number * BATCH;
                let ended = self.attack(attack, &examples, (before, left.len()), watcher)?;
                for (&i, fooled) in batch.iter().zip(&ended.fooled) {
                    if *fooled {
                        verdicts[i] = Verdict::Fooled(attack);
                    } else if ended.whole {
                        verdicts[i] = Verdict::Standing(turn + 1);
                    }
                }
                watcher.tell(verdicts)?;
                if !ended.whole {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Looks at each image as it is.
    fn sort_out(
        &self,
        example: &dyn Fn(usize) -> Example,
        verdicts: &mut [Verdict],
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        let unseen = |i: &usize| verdicts[*i] == Verdict::Unseen;
        let left: Vec<usize> = (0..verdicts.len()).filter(unseen).collect();
        for batch in left.chunks(BATCH) {
            let examples: Vec<Example> = batch.iter().map(|&i| example(i)).collect();
            let images: Vec<&[f32]> = examples.iter().map(|example| &*example.pixels).collect();
            let logits = self.network.logits(&images)?;
            for ((&i, example), logits) in batch.iter().zip(&examples).zip(logits) {
                verdicts[i] = match is_fooled(&logits, example.label) {
                    true => Verdict::Mistaken,
                    false => Verdict::Standing(0),
                };
            }
            watcher.tell(verdicts)?;
        }
        Ok(())
    }

    fn attack(
        &self,
        attack: Attack,
        examples: &[Example],
        (before, all): (usize, usize),
        watcher: &mut dyn Watcher,
    ) -> Result<Ended> {
        let classes = self.network.logits(&[&examples[0].pixels])?[0].len();
        let steps = attack.steps(&self.effort, classes);
        let mut whole = true;
        let mut watch = |step: usize| {
            whole = watcher.goes_on(attack, before * steps + examples.len() * step, all * steps);
            whole
        };
        let attacked: Vec<&Example> = examples.iter().collect();
        let found = attack.run(self.network, &attacked, self.ball, &self.effort, &mut watch)?;
        // No attack is taken at its word.
        let mut fooled = vec![false; examples.len()];
        let claims = found.iter().zip(examples).enumerate();
        let (places, adversarial): (Vec<usize>, Vec<&[f32]>) = claims
            .filter_map(|(i, (found, example))| {
                let found = found.as_deref()?;
                self.ball.contains(found, &example.pixels).then_some((i, found))
            })
            .unzip();
        for (i, logits) in places.into_iter().zip(self.network.logits(&adversarial)?) {
            fooled[i] = is_fooled(&logits, examples[i].label);
        }
        Ok(Ended { fooled, whole })
    }
}

/// What an attack on a batch came to.
struct Ended {
    fooled: Vec<bool>,
    /// Whether nobody stopped it.
    whole: bool,
}

/// The share of images that are right after so many of the attacks, in order: of none, of one, and so on.
pub fn accuracies(attacks: &[Attack], verdicts: &[Verdict]) -> Vec<f32> {
    let right = |after: usize| {
        let of_those = verdicts.iter().filter(|verdict| match verdict {
            Verdict::Unseen | Verdict::Mistaken => false,
            Verdict::Fooled(by) => !attacks[..after].contains(by),
            Verdict::Standing(_) => true,
        });
        of_those.count() as f32 / verdicts.len().max(1) as f32
    };
    (0..=attacks.len()).map(right).collect()
}

#[cfg(test)]
mod tests {
    use super::super::linear::{quick, three};
    use super::super::{Attack, Norm};
    use super::*;

    /// Goes on for so many looks.
    struct Patience(usize, Vec<Vec<Verdict>>);

    impl Watcher for Patience {
        fn goes_on(&mut self, _: Attack, step: usize, of: usize) -> bool {
            assert!(step < of);
            self.0 = self.0.saturating_sub(1);
            self.0 > 0
        }

        fn tell(&mut self, verdicts: &[Verdict]) -> Result<()> {
            self.1.push(verdicts.to_vec());
            Ok(())
        }
    }

    #[test]
    fn an_interrupted_suite_goes_on_to_the_same_verdicts() {
        // A mistaken image, one that falls and one that stands.
        let (network, examples, eps) = three();
        let suite = Suite {
            network: &network,
            attacks: &[Attack::ApgdCe, Attack::Square],
            ball: Ball { norm: Norm::L2, eps },
            effort: quick(),
        };
        let example = |i: usize| examples[i].clone();
        let run = |verdicts: &mut [Verdict], looks| {
            let mut patience = Patience(looks, Vec::new());
            let ended = suite.judge(&example, verdicts, &mut patience).unwrap();
            assert_eq!(patience.1.last().unwrap(), verdicts);
            ended
        };
        let mut whole = [Verdict::Unseen; 3];
        assert!(run(&mut whole, usize::MAX));
        let expected = [Verdict::Mistaken, Verdict::Fooled(Attack::ApgdCe), Verdict::Standing(2)];
        assert_eq!(whole, expected);
        assert_eq!(accuracies(suite.attacks, &whole), [2.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);

        let mut parts = [Verdict::Unseen; 3];
        assert!(!run(&mut parts, 1), "stopped at its first step");
        assert_eq!(parts, [Verdict::Mistaken, Verdict::Standing(0), Verdict::Standing(0)]);
        assert!(!run(&mut parts, 150), "stopped in the second attack");
        assert_eq!(parts, [Verdict::Mistaken, expected[1], Verdict::Standing(1)]);
        assert!(run(&mut parts, usize::MAX));
        assert_eq!(parts, expected);
    }
}
