//! `robust-reps export --torch`.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use robust_core::model::architecture::{Block, ResNetConfig, Stem};
use robust_core::model::card::Card;
use robust_core::model::weights::Weights;

use crate::{files, torch};

/// Widths of the stages of all of torchvision's networks.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

/// Writes a state dict, and prints how to load it and what it cannot hold.
pub fn export(weights: &Weights, out: &Path) -> Result<()> {
    let network = &weights.card().architecture;
    let blurs = network.blurs().then_some("blurs before it makes its maps smaller");
    if let Some(unlike) = network.family().unlike_torchvision.or(blurs) {
        bail!(
            "torchvision has no network that {unlike}: there is nothing that would load the state dict"
        );
    }
    let bytes = torch::state_dict(weights)?;
    files::write(out, &bytes)?;
    let size = bytes.len() as f64 / 1e6;
    println!("# {}: {size:.1} MB. Its network in Python:", out.display());
    print!("{}", recipe(weights.card(), out)?);
    let Card { architecture, mean, std, .. } = weights.card();
    let stem = match architecture.stem {
        Stem::Imagenet => "",
        Stem::Cifar => " --stem cifar",
        Stem::Small => " --stem small",
    };
    println!(
        "# A state dict has no place for the normaliser. To import it again: --mean {} --std {}{stem}",
        list(mean, ","),
        list(std, ",")
    );
    Ok(())
}

fn list<T: ToString>(values: &[T], separator: &str) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(separator)
}

/// Lines of Python that build the network, load the file and normalise images in [0, 1].
fn recipe(card: &Card, file: &Path) -> Result<String> {
    let net = &card.architecture;
    let mut lines = String::from("import torch, torchvision\n");
    let known = net.torchvision_name().filter(|_| net.widths == WIDTHS);
    if let Some(known) = known {
        writeln!(lines, "model = torchvision.models.{known}(num_classes={})", net.classes)?;
    } else {
        let block = match net.block {
            Block::Basic => "BasicBlock",
            Block::Bottleneck => "Bottleneck",
        };
        let width = 64 * net.widening;
        // A network of fewer stages passes its images on where there is no other.
        let blocks = list(&net.blocks.iter().chain(&[1; 4]).take(4).collect::<Vec<_>>(), ", ");
        writeln!(
            lines,
            "block = torchvision.models.resnet.{block}\n\
             model = torchvision.models.ResNet(block, [{blocks}], num_classes={}, \
             width_per_group={width})",
            net.classes
        )?;
        if net.widths != WIDTHS {
            lines += &other_stages(net)?;
        }
    }
    if net.stem != Stem::Imagenet {
        let (kernel, stride) = (net.stem.kernel(), net.stem.stride());
        let width = net.widths.first().context("a network without stages")?;
        writeln!(
            lines,
            "model.conv1 = torch.nn.Conv2d(3, {width}, {kernel}, stride={stride}, padding={}, \
             bias=False)",
            kernel / 2
        )?;
        lines += "model.maxpool = torch.nn.Identity()\n";
    }
    // Debug's quotes and escapes are Python's, too.
    writeln!(
        lines,
        "model.load_state_dict(torch.load({:?}, weights_only=True))\n\
         model.eval()\n\
         normalise = torchvision.transforms.Normalize([{}], [{}])",
        file.to_string_lossy(),
        list(&card.mean, ", "),
        list(&card.std, ", ")
    )?;
    Ok(lines)
}

/// Lines that put stages of other widths in the place of torchvision's, and what lies around them.
fn other_stages(net: &ResNetConfig) -> Result<String> {
    let (first, last) =
        net.widths.first().zip(net.widths.last()).context("a network without stages")?;
    let mut lines =
        format!("model.inplanes = {first}\nmodel.bn1 = torch.nn.BatchNorm2d({first})\n");
    for stage in 0..WIDTHS.len() {
        write!(lines, "model.layer{} = ", stage + 1)?;
        match net.widths.get(stage).zip(net.blocks.get(stage)) {
            Some((width, blocks)) => {
                let stride = if stage == 0 { "" } else { ", stride=2" };
                writeln!(lines, "model._make_layer(block, {width}, {blocks}{stride})")?;
            }
            None => lines += "torch.nn.Identity()\n",
        }
    }
    if net.stem == Stem::Imagenet {
        writeln!(
            lines,
            "model.conv1 = torch.nn.Conv2d(3, {first}, 7, stride=2, padding=3, bias=False)"
        )?;
    }
    writeln!(lines, "model.fc = torch.nn.Linear(block.expansion * {last}, {})", net.classes)?;
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use robust_core::model::architecture::ResNetConfig;

    use super::*;

    #[test]
    fn stages_that_torchvision_does_not_have_are_built() {
        let known = ResNetConfig::preset("resnet10", Stem::Small, 9).unwrap();
        let (blocks, widths) = (vec![1, 2, 1], vec![16, 32, 64]);
        let lines = other_stages(&ResNetConfig { blocks, widths, ..known }).unwrap();
        for line in [
            "model.inplanes = 16",
            "model.layer1 = model._make_layer(block, 16, 1)",
            "model.layer2 = model._make_layer(block, 32, 2, stride=2)",
            "model.layer4 = torch.nn.Identity()",
            "model.fc = torch.nn.Linear(block.expansion * 64, 9)",
        ] {
            assert!(lines.lines().any(|other| other == line), "{line}: {lines}");
        }
    }
}
