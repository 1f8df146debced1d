//! The modules of a crate: what they define, and what they refer to.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, ItemUse, Lit, Meta, UseTree, Visibility};

/// Where a module stands in [`Crate::modules`].
pub(super) type ModuleId = usize;

/// A crate. Its root is its first module.
#[derive(Default)]
pub(super) struct Crate {
    pub(super) modules: Vec<Module>,
}

/// A module: a file, or one that is written out within a file.
pub(super) struct Module {
    pub(super) file: PathBuf,
    pub(super) parent: Option<ModuleId>,
    pub(super) names: BTreeMap<String, Vec<Named>>,
    /// The modules all of whose names are names here.
    pub(super) globs: Vec<Vec<String>>,
    pub(super) references: Vec<Reference>,
    /// The types that are defined here, and at which line.
    pub(super) types: Vec<(String, usize)>,
    /// The types that have `impl` blocks here.
    pub(super) implemented: Vec<Vec<String>>,
}

/// What a name stands for.
pub(super) enum Named {
    /// Something that is defined here.
    Item,
    Module(ModuleId),
    /// What the path of a `use` names.
    Alias(Vec<String>),
}

/// A path that the code of a module has.
pub(super) struct Reference {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Reads the crate whose root lies in `folder`.
pub(super) fn read(folder: &Path) -> Result<Crate> {
    let roots = ["lib.rs", "main.rs"].map(|name| folder.join(name));
    let Some(root) = roots.into_iter().find(|path| path.exists()) else {
        bail!("there is neither lib.rs nor main.rs");
    };
    let mut crate_ = Crate::default();
    crate_.read_file(&root, folder, None)?;
    Ok(crate_)
}

impl Crate {
    /// Reads a file as a module; files of modules within it lie in `folder`.
    fn read_file(
        &mut self,
        file: &Path,
        folder: &Path,
        parent: Option<ModuleId>,
    ) -> Result<ModuleId> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let parsed = syn::parse_file(&text).with_context(|| file.display().to_string())?;
        self.read_items(&parsed.items, file, folder, parent)
    }

    fn read_items(
        &mut self,
        items: &[Item],
        file: &Path,
        folder: &Path,
        parent: Option<ModuleId>,
    ) -> Result<ModuleId> {
        let id = self.modules.len();
        self.modules.push(Module {
            file: file.to_owned(),
            parent,
            names: BTreeMap::new(),
            globs: Vec::new(),
            references: Vec::new(),
            types: Vec::new(),
            implemented: Vec::new(),
        });
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            if let Item::Mod(module) = item {
                let child = self.read_module(module, file, folder, id)?;
                let name = module.ident.to_string();
                self.modules[id].name(name, Named::Module(child));
                continue;
            }
            if let Some(name) = defined(item) {
                let (text, line) = (name.to_string(), name.span().start().line);
                if is_type(item) {
                    self.modules[id].types.push((text.clone(), line));
                }
                self.modules[id].name(text, Named::Item);
            }
            Reader(&mut self.modules[id]).visit_item(item);
        }
        Ok(id)
    }

    fn read_module(
        &mut self,
        module: &ItemMod,
        file: &Path,
        folder: &Path,
        parent: ModuleId,
    ) -> Result<ModuleId> {
        let name = module.ident.to_string();
        let below = folder.join(&name);
        if let Some((_, items)) = &module.content {
            return self.read_items(items, file, &below, Some(parent));
        }
        let written = path_attribute(&module.attrs).map(|path| folder.join(path));
        let beside = folder.join(format!("{name}.rs"));
        let within = below.join("mod.rs");
        let candidates = [written, Some(beside), Some(within)];
        let Some(found) = candidates.into_iter().flatten().find(|path| path.exists()) else {
            bail!("{}: there is no file for `mod {name}`", file.display());
        };
        self.read_file(&found, &below, Some(parent))
    }
}

impl Module {
    fn name(&mut self, name: String, named: Named) {
        self.names.entry(name).or_default().push(named);
    }

    fn refer(&mut self, path: Vec<String>, span: Span) {
        let line = span.start().line;
        self.references.push(Reference { path, line });
    }
}

/// Adds what the code of a module says to it.
struct Reader<'m>(&'m mut Module);

impl Visit<'_> for Reader<'_> {
    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let names = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect();
            self.0.refer(names, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        // A name that is handed on is no use of it.
        let is_private = matches!(item.vis, Visibility::Inherited);
        self.use_tree(&item.tree, &[], is_private);
    }

    fn visit_item_impl(&mut self, item: &syn::ItemImpl) {
        if let syn::Type::Path(of) = &*item.self_ty {
            let segments = &of.path.segments;
            let path = segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect();
            self.0.implemented.push(path);
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_macro(&mut self, called: &syn::Macro) {
        visit::visit_macro(self, called);
        self.tokens(called.tokens.clone());
    }

    fn visit_item_mod(&mut self, _: &ItemMod) {}

    fn visit_attribute(&mut self, _: &Attribute) {}

    fn visit_visibility(&mut self, _: &Visibility) {}
}

impl Reader<'_> {
    fn use_tree(&mut self, tree: &UseTree, before: &[String], is_private: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (path, known_as, span) = match tree {
            UseTree::Path(path) => {
                return self.use_tree(&path.tree, &with(&path.ident), is_private);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, before, is_private);
                }
                return;
            }
            UseTree::Glob(_) => {
                self.0.globs.push(before.to_vec());
                return;
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = before.last().cloned().unwrap_or_default();
                (before.to_vec(), last, name.ident.span())
            }
            UseTree::Name(name) => (with(&name.ident), name.ident.to_string(), name.ident.span()),
            UseTree::Rename(rename) if rename.ident == "self" => (
                before.to_vec(),
                rename.rename.to_string(),
                rename.ident.span(),
            ),
            UseTree::Rename(rename) => (
                with(&rename.ident),
                rename.rename.to_string(),
                rename.ident.span(),
            ),
        };
        if is_private {
            self.0.refer(path.clone(), span);
        }
        self.0.name(known_as, Named::Alias(path));
    }

    /// Finds the paths of more than one name in what a macro is given.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut start = Span::call_site();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_path(&mut path, start);
                        start = ident.span();
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.end_path(&mut path, start);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.end_path(&mut path, start);
    }

    fn end_path(&mut self, path: &mut Vec<String>, start: Span) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.0.refer(path, start);
        }
    }
}

/// The name of what an item defines.
fn defined(item: &Item) -> Option<&syn::Ident> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name)
}

fn is_type(item: &Item) -> bool {
    matches!(
        item,
        Item::Enum(_) | Item::Struct(_) | Item::Trait(_) | Item::Type(_) | Item::Union(_)
    )
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// `#[path = "…"]`.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(meta) = &attribute.meta else {
            return None;
        };
        match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(path),
                ..
            }) if meta.path.is_ident("path") => Some(path.value()),
            _ => None,
        }
    })
}
