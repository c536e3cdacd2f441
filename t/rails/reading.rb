# What one request holds, source by source, as an action may come to see it.

module Reporting
  class Reading
    # As many slots as a record names; a hostile request has thousands.
    MAX_SLOTS = 64

    BIGINT = ActiveModel::Type::BigInteger.new

    def initialize(request, params)
      @request = request
      @sources = { "path" => request.path_parameters,
                   "query" => request.query_parameters,
                   "body" => request.request_parameters,
                   "params" => params }
    end

    # "ids": every company and project, of whatever source, by the reading of
    # the stand-in and by a cast of each slot to a bigint. "sources": the same
    # for each source. "slots": where they stand, and as which type.
    def to_h
      slots = @sources.to_h { |name, tree| [name, slots_of(tree)] }
      sources = @sources.to_h { |name, tree| [name, ids_of(name, tree)] }
      sources["header"] = header
      sources["target"] = target

      { "token" => token, "override" => overridden?, "sources" => sources,
        "ids" => all(sources, slots.values.flatten),
        "slots" => slots.transform_values { |list| list.first(MAX_SLOTS) } }
    end

    private

    # In the order of Doorkeeper's own configuration.
    def token
      found = Doorkeeper::OAuth::Token.from_request(
        @request, *Doorkeeper.configuration.access_token_methods
      )
      found && text(found)
    end

    def overridden?
      @request.request_method != @request.method_symbol.to_s.upcase ||
        @request.env.key?("rack.methodoverride.original_method")
    end

    def header
      found = empty
      Procore::Naming.header(@request, found)
      listed(found)
    end

    # The segments of the path, whatever route has taken them.
    def target
      found = empty
      Procore::Naming.path(@request, found)
      listed(found)
    end

    def ids_of(source, tree)
      found = empty
      Procore::Naming.tree(tree, found)
      Procore::Naming.updates(tree, found) if sync? && source != "path"
      listed(found)
    end

    def sync?
      @request.path_info.match?(%r{/projects/+sync/*(\.|\z)})
    end

    def empty
      Procore::Naming::Found.new(Set.new, Set.new)
    end

    def listed(found)
      found.to_h.transform_values { |ids| ids - [0] }
    end

    def all(sources, slots)
      %w[companies projects].to_h do |kind|
        ids = sources.values.flat_map { |source| source[kind] }
        cast = slots.select { |slot| slot["kind"] == kind }
                    .map { |slot| slot["bigint"] }
        [kind, (ids + cast.compact - [0]).uniq]
      end
    end

    def slots_of(tree, at = [], found = [])
      case tree
      when Hash
        tree.each do |key, value|
          name = at + [key.to_s]
          slot(name, value, found)
          slots_of(value, name, found)
        end
      when Array
        tree.each_with_index { |item, i| slots_of(item, at + [i], found) }
      end
      found
    end

    def slot(name, value, found)
      kind = kind_of(name.last, name[-2])
      return unless kind

      found << { "name" => text(name.join(".")), "kind" => kind,
                 "type" => value.class.name, "value" => text(value),
                 "to_i" => whole(value), "bigint" => cast(value) }
    end

    def kind_of(key, holder)
      return "companies" if Procore::Naming::COMPANY.include?(key)
      return "projects" if Procore::Naming::PROJECT.include?(key)
      return unless key == "id"

      { "company" => "companies", "project" => "projects" }[holder]
    end

    def whole(value)
      value.to_i if value.respond_to?(:to_i)
    rescue FloatDomainError
      nil
    end

    def cast(value)
      BIGINT.cast(value) if [String, Integer, Float, true].any? do |type|
        type === value
      end
    rescue FloatDomainError, ArgumentError
      nil
    end

    def text(value)
      value.to_s.dup.force_encoding("UTF-8").scrub[0, 200]
    end
  end
end
