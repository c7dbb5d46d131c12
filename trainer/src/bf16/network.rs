//! A residual network as a list of convolutions, and where their parameters are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use robust_core::model::architecture::{ConvSpec, ResNetConfig};

use super::blur::Blur;
use super::filter::Filter;
use super::head::Head;
use super::line::{LANES, Wide, lines};
use super::pool::Pool;
use super::taps::{Taps, side_after};

/// A convolution and its normalisation, by lines of the network's parameters.
#[derive(Clone, Debug)]
pub struct Conv {
    pub filter: Filter,
    pub weight: Range<usize>,
    pub gamma: Range<usize>,
    pub beta: Range<usize>,
    /// Of the running statistics: means, then variances.
    pub running: Range<usize>,
    spec: ConvSpec,
}

/// Convolutions beside a shortcut, by their numbers.
#[derive(Clone, Debug)]
pub struct Block {
    pub body: Vec<usize>,
    /// How many of the body come before a blur, where there is one.
    pub blur_after: Option<usize>,
    pub shortcut: Option<usize>,
}

/// The network's shape. The first convolution is the stem's.
#[derive(Clone, Debug)]
pub struct Network {
    pub convs: Vec<Conv>,
    pub blocks: Vec<Block>,
    pub pools: bool,
    /// Whether blurs halve the maps, of the pooling as well.
    pub blurs: bool,
    pub head: Head,
    /// Lines of parameters, and of running statistics.
    pub len: [usize; 2],
}

/// What follows from the images' size.
pub struct Plan {
    /// Of each convolution.
    pub taps: Vec<Arc<Layer>>,
    pub pool: Option<Pool>,
    /// After the pooling.
    pub stem_blur: Option<Blur>,
    /// Of each block.
    pub blurs: Vec<Option<Blur>>,
    /// Places of the last map.
    pub places: usize,
}

/// Summands, and the same the other way round.
pub struct Layer {
    pub forward: Taps,
    pub backward: Taps,
}

/// Tensors by name, row by row.
pub type Tensors = BTreeMap<String, Vec<f32>>;

impl Network {
    /// Lists the convolutions.
    pub fn new(config: &ResNetConfig) -> Self {
        let (mut convs, mut len) = (Vec::new(), [0; 2]);
        let mut add = |spec: &ConvSpec| {
            let ConvSpec { channels, kernel, stride, .. } = *spec;
            let filter = Filter { channels, kernel, stride, first: convs.is_empty() };
            let mut next = |kind: usize, lines: usize| {
                len[kind] += lines;
                len[kind] - lines..len[kind]
            };
            let out = lines(channels[1]);
            let (weight, gamma, beta) = (next(0, filter.len()), next(0, out), next(0, out));
            let running = next(1, 2 * out);
            convs.push(Conv { filter, weight, gamma, beta, running, spec: spec.clone() });
            convs.len() - 1
        };
        add(&config.stem_conv());
        let blocks = config.residual_blocks().into_iter().map(|block| Block {
            body: block.body.iter().map(&mut add).collect(),
            blur_after: block.blur_after,
            shortcut: block.shortcut.as_ref().map(&mut add),
        });
        let blocks = blocks.collect();
        let of_head = lines(config.representation_len());
        let [weight, bias] = Head::len(config.classes, of_head);
        let head = Head {
            weight: len[0]..len[0] + weight,
            bias: len[0] + weight..len[0] + weight + bias,
            classes: config.classes,
            blocks: of_head,
        };
        len[0] += weight + bias;
        Self { convs, blocks, pools: config.stem.pools(), blurs: config.blurs(), head, len }
    }

    /// For images of `size` by `size` pixels.
    pub fn plan(&self, size: usize) -> Plan {
        let mut known: BTreeMap<(usize, usize, usize), Arc<Layer>> = BTreeMap::new();
        let mut layer = |side: usize, filter: Filter| {
            let (kernel, stride) = (filter.kernel, filter.stride);
            let layer = || {
                let forward = if filter.first { Taps::runs } else { Taps::convolution };
                let forward = forward(side, kernel, stride);
                Arc::new(Layer { backward: forward.turned(), forward })
            };
            let found = if filter.first {
                layer()
            } else {
                known.entry((side, kernel, stride)).or_insert_with(layer).clone()
            };
            (found, side_after(side, kernel, stride))
        };
        let mut taps = Vec::new();
        let (stem, mut side) = layer(size, self.convs[0].filter);
        taps.push(stem);
        let stride = if self.blurs { 1 } else { 2 };
        let pool = self.pools.then(|| Pool::new(side, stride));
        if self.pools {
            side = Pool::side_after(side, stride);
        }
        let blur = |side: &mut usize| {
            let blur = Blur::new(*side);
            *side = Blur::side_after(*side);
            blur
        };
        let stem_blur = (self.pools && self.blurs).then(|| blur(&mut side));
        let mut blurs = Vec::new();
        for block in &self.blocks {
            let before = side;
            let mut blurred = None;
            for (i, &conv) in block.body.iter().enumerate() {
                if block.blur_after == Some(i) {
                    blurred = Some(blur(&mut side));
                }
                let (found, after) = layer(side, self.convs[conv].filter);
                taps.push(found);
                side = after;
            }
            if let Some(conv) = block.shortcut {
                taps.push(layer(before, self.convs[conv].filter).0);
            }
            blurs.push(blurred);
        }
        Plan { taps, pool, stem_blur, blurs, places: side * side }
    }

    /// Calls `visit(tensor, index, kind, line, lane)` for every number of every tensor: kind 0 are
    /// parameters, 1 running statistics.
    fn each(&self, mut visit: impl FnMut(&str, usize, usize, usize, usize)) {
        for conv in &self.convs {
            let ([inputs, outputs], area) =
                (conv.spec.channels, conv.spec.kernel * conv.spec.kernel);
            let name = format!("{}.weight", conv.spec.name);
            for i in 0..outputs * inputs * area {
                let (line, lane) =
                    conv.filter.place(i / area % inputs, i / area / inputs, i % area);
                visit(&name, i, 0, conv.weight.start + line, lane);
            }
            let running = [conv.running.start, conv.running.start + lines(outputs)];
            let parts = [
                ("weight", 0, conv.gamma.start),
                ("bias", 0, conv.beta.start),
                ("running_mean", 1, running[0]),
                ("running_var", 1, running[1]),
            ];
            for (part, kind, start) in parts {
                let name = conv.spec.norm_part(part);
                (0..outputs).for_each(|i| visit(&name, i, kind, start + i / LANES, i % LANES));
            }
        }
        let Head { weight, bias, classes, blocks } = &self.head;
        let k = self.convs.last().map_or(0, |_| self.representation_len());
        for i in 0..classes * k {
            let (class, i_of_class) = (i / k, i % k);
            visit(
                "fc.weight",
                i,
                0,
                weight.start + class * blocks + i_of_class / LANES,
                i_of_class % LANES,
            );
        }
        (0..*classes).for_each(|i| visit("fc.bias", i, 0, bias.start + i / LANES, i % LANES));
    }

    fn representation_len(&self) -> usize {
        let last = self.blocks.last().and_then(|block| block.body.last()).copied().unwrap_or(0);
        self.convs[last].spec.channels[1]
    }

    /// Parameters and running statistics out of a file's tensors.
    pub fn read<'a>(&self, tensor: impl Fn(&str) -> &'a [f32]) -> [Vec<Wide>; 2] {
        let mut out = self.len.map(|len| vec![Wide::default(); len]);
        let mut current: (String, &[f32]) = (String::new(), &[]);
        self.each(|name, index, kind, line, lane| {
            if current.0 != name {
                current = (name.to_owned(), tensor(name));
            }
            out[kind][line].0[lane] = current.1.get(index).copied().unwrap_or(0.0);
        });
        out
    }

    /// The tensors of a file.
    pub fn write(&self, parameters: &[Wide], running: &[Wide]) -> Tensors {
        let (mut tensors, mut current) = (Tensors::new(), (String::new(), Vec::new()));
        self.each(|name, _, kind, line, lane| {
            if current.0 != name {
                let (name, values) = std::mem::replace(&mut current, (name.to_owned(), Vec::new()));
                tensors.insert(name, values);
            }
            current.1.push([parameters, running][kind][line].0[lane]);
        });
        tensors.insert(current.0, current.1);
        tensors.remove("");
        tensors
    }
}
