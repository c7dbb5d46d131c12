//! A batch's way through the network and back, in training or evaluation mode.

mod backward;
mod forward;

use super::adversary::Normaliser;
use super::head::Verdict;
use super::line::{Line, Wide};
use super::network::{Block, Network, Plan};
use super::norm::Norm;
use super::pool::Winners;
use super::product::{At, Images, Multiplier, Product};
use super::tile::{SIDE, Sums};

/// What a pass works with.
pub struct Pass<'a> {
    pub network: &'a Network,
    pub plan: &'a Plan,
    pub multiplier: &'a Multiplier,
    pub images: Images,
    pub parameters: &'a [Wide],
    pub memory: &'a mut Memory,
}

/// Lines that are used again: what comes out of it holds whatever was there.
#[derive(Default)]
pub struct Memory(Vec<Vec<Line>>);

/// What the way forward leaves for the way back.
#[derive(Default)]
pub struct Kept {
    /// The images as the first convolution read them.
    input: Vec<Line>,
    /// Of each convolution: its normalisation, and in training mode what it normalised.
    norms: Vec<Norm>,
    raw: Vec<Vec<Line>>,
    /// What the first block reads.
    stem: Vec<Line>,
    winners: Vec<Winners>,
    /// What the pooling gave, where a blur follows it.
    pooled: Vec<Line>,
    /// Of each block, what each of its convolutions was made to by its ReLU.
    blocks: Vec<Vec<Vec<Line>>>,
    /// Of each block, what its blur made of that; nothing where it has none.
    blurred: Vec<Vec<Line>>,
}

impl Memory {
    /// Some `len` lines.
    pub fn take(&mut self, len: usize) -> Vec<Line> {
        let fits = |lines: &Vec<Line>| lines.capacity() >= len;
        let best =
            (0..self.0.len()).filter(|&i| fits(&self.0[i])).min_by_key(|&i| self.0[i].capacity());
        let mut lines = best.map(|i| self.0.swap_remove(i)).unwrap_or_default();
        lines.resize(len, Line::default());
        lines
    }

    /// Takes lines back.
    pub fn give(&mut self, lines: Vec<Line>) {
        if lines.capacity() > 0 {
            self.0.push(lines);
        }
    }
}

impl Kept {
    /// Nothing but what the first convolution reads.
    fn of(input: Vec<Line>, network: &Network) -> Self {
        Self { input, blurred: vec![Vec::new(); network.blocks.len()], ..Self::default() }
    }

    /// What the last block gave.
    pub fn last(&self) -> &[Line] {
        self.blocks.last().and_then(|block| block.last()).unwrap_or(&self.stem)
    }

    /// What a block reads.
    fn before(&self, block: usize) -> &[Line] {
        block.checked_sub(1).and_then(|i| self.blocks[i].last()).unwrap_or(&self.stem)
    }

    /// What a convolution of a block's body reads.
    fn input(&self, block: usize, shape: &Block, conv: usize) -> &[Line] {
        match conv.checked_sub(1) {
            None => self.before(block),
            Some(_) if shape.blur_after == Some(conv) => &self.blurred[block],
            Some(last) => &self.blocks[block][last],
        }
    }

    /// What a convolution normalised, and how, in training mode.
    fn normed(&self, conv: usize) -> Option<(&[Line], &Norm)> {
        self.raw.get(conv).map(|raw| (raw.as_slice(), &self.norms[conv]))
    }

    fn normed_by(&self, block: &Block) -> [Option<(&[Line], &Norm)>; 2] {
        let last = block.body.last().and_then(|&conv| self.normed(conv));
        [last, block.shortcut.and_then(|conv| self.normed(conv))]
    }

    /// Gives all memory back.
    pub fn free(self, memory: &mut Memory) {
        let blocks = self.blocks.into_iter().flatten().chain(self.blurred);
        let rest = [self.input, self.stem, self.pooled].into_iter();
        self.raw.into_iter().chain(blocks).chain(rest).for_each(|lines| memory.give(lines));
    }
}

impl Pass<'_> {
    fn lines_after(&self, conv: usize) -> usize {
        let outputs = self.network.convs[conv].filter.blocks()[1];
        self.plan.taps[conv].forward.outputs() * outputs * self.images.rows()
    }

    /// A convolution's sums, as `finish` writes them.
    fn convolve<N: Clone + Default + Send>(
        &mut self,
        conv: usize,
        input: &[Line],
        scale: Option<&[Wide]>,
        finish: impl Fn(At, &mut Sums, &mut [Line], &mut N) + Sync,
    ) -> (Vec<Line>, Vec<Vec<N>>) {
        let (filter, weight) = (self.network.convs[conv].filter, &self.network.convs[conv].weight);
        let [inputs, outputs] = filter.blocks();
        let mut weights = self.memory.take(inputs * outputs * filter.taps() * SIDE);
        filter.forward(&self.parameters[weight.clone()], scale, &mut weights);
        let taps = &self.plan.taps[conv].forward;
        let blocks = [inputs, outputs];
        let product = Product { taps, input, weights: &weights, blocks, images: self.images };
        let mut out = self.memory.take(self.lines_after(conv));
        let notes = self.multiplier.run(product, &mut out, finish);
        self.memory.give(weights);
        (out, notes)
    }

    /// The gradient of a convolution's input, as `finish` writes it to `out`.
    fn turn<T: Send, N: Clone + Default + Send>(
        &mut self,
        conv: usize,
        gradient: &[Line],
        scale: Option<&[Wide]>,
        out: &mut [T],
        finish: impl Fn(At, &mut Sums, &mut [T], &mut N) + Sync,
    ) -> Vec<Vec<N>> {
        let (filter, weight) = (self.network.convs[conv].filter, &self.network.convs[conv].weight);
        let blocks = [filter.blocks()[1], filter.inputs_that_learn()];
        let mut weights = self.memory.take(blocks[0] * blocks[1] * filter.taps() * SIDE);
        filter.turned(&self.parameters[weight.clone()], scale, &mut weights);
        let taps = &self.plan.taps[conv].backward;
        let product =
            Product { taps, input: gradient, weights: &weights, blocks, images: self.images };
        let notes = self.multiplier.run(product, out, finish);
        self.memory.give(weights);
        notes
    }

    /// Images `[image][row][column][3]` as the first convolution reads them.
    pub fn read(&mut self, normaliser: &Normaliser, values: &[f32], size: usize) -> Vec<Line> {
        let mut lines = self.memory.take(self.plan.taps[0].forward.inputs * 2 * self.images.rows());
        normaliser.read(values, size, self.images, &mut lines);
        lines
    }

    /// What the logits say, the gradient of the representation, and the representation.
    pub fn judge(
        &self,
        kept: &Kept,
        labels: &[usize],
        smoothing: f32,
    ) -> (Verdict, Vec<Wide>, Vec<Wide>) {
        let (head, images) = (&self.network.head, self.images);
        let representation = head.pooled(kept.last(), images);
        let logits = head.logits(self.parameters, &representation, images);
        let verdict = head.verdict(&logits, labels, smoothing);
        let gradient = head.backward(self.parameters, &verdict.gradient, images);
        (verdict, gradient, representation)
    }
}
